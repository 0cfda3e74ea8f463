//! The transform that gives features of covariance 1: `x̃ = T·(x − mean)`, T lower triangular.
//!
//! Features are divided by their standard deviation first, so that the shrinkage γ is relative: with R their correlation,
//! `R + γ·1 = L·Lᵀ` and `T = L⁻¹ · diag(1 / deviation)`. A constant feature has zeros in T, row and column.

use crate::linear::triangular::Square;

/// A variance below this part of the mean square is rounding: the feature is constant.
const CONSTANT: f64 = 1e-7;

/// Which features vary, around which mean, and T `[dims × dims]`, row-major.
pub struct Whitening {
    /// Means `[dims]`.
    pub mean: Vec<f32>,
    /// T.
    pub transform: Vec<f32>,
}

impl Whitening {
    /// From Σx and the lower triangle of Σxxᵀ over `rows` rows.
    ///
    /// # Errors
    /// The feature at which the shrunk correlation is not positive definite.
    ///
    /// # Panics
    /// When `products` is not a triangle for `sum`.
    pub fn new(rows: f64, sum: &[f64], products: Vec<f64>, shrinkage: f64) -> Result<Self, usize> {
        let dims = sum.len();
        assert!(products.len() == dims * (dims + 1) / 2);
        let mean: Vec<f64> = sum.iter().map(|sum| sum / rows).collect();
        let scale: Vec<f64> = mean
            .iter()
            .enumerate()
            .map(|(i, mean)| {
                let square = products[i * (i + 1) / 2 + i] / rows;
                let variance = square - mean * mean;
                if variance > CONSTANT * square { 1.0 / variance.sqrt() } else { 0.0 }
            })
            .collect();
        let mut square = Square::unit(dims);
        for i in 0..dims {
            for j in 0..=i {
                let covariance = products[i * (i + 1) / 2 + j] / rows - mean[i] * mean[j];
                let unit = if i == j { 1.0 } else { covariance * scale[i] * scale[j] };
                square.row_mut(i)[j] = if i == j { unit + shrinkage } else { unit };
            }
        }
        drop(products);
        square.factor()?;
        square.invert();
        let mut transform = vec![0.0; dims * dims];
        for j in (0..dims).filter(|j| scale[*j] > 0.0) {
            let column = square.row(j);
            for i in (j..dims).filter(|i| scale[*i] > 0.0) {
                transform[i * dims + j] = (column[i] * scale[j]) as f32;
            }
        }
        Ok(Self { mean: mean.iter().map(|mean| *mean as f32).collect(), transform })
    }
}
