//! Margins of linear classifiers: `z[photo][class] = w[class] · x[photo] − b[class]`.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | x | `[photos × dims]` | f32 |
//! | tile of W | `[classes × stride]`, stride ≥ dims | f32 |
//! | b | `[classes]` | f32 |
//! | z | `[photos × pitch]`, of which this tile writes `classes` | f32 |
//!
//! A sum is formed in one order whatever the tile, the batch or the alignment, so that a class scores the same
//! wherever it lies: eight running sums by dimension modulo 8, added up pairwise, then the last `dims % 8` terms.

use crate::simd::{self, Vector};

/// Dimensions a step takes.
const STEP: usize = 8;
/// Classes that share the loads of x.
const ROWS: usize = 4;

/// Scores a tile of classes for all photos.
///
/// # Panics
/// When an array does not fit.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    /// Weights `[classes × stride]`.
    pub weights: &'a [f32],
    /// Floats from one class to the next.
    pub stride: usize,
    /// Offsets `[classes]`.
    pub offsets: &'a [f32],
}

impl Tile<'_> {
    /// Writes `z[photo · pitch + class]` for every photo of `x` `[photos × dims]` and class of the tile.
    ///
    /// # Panics
    /// When an array does not fit.
    pub fn margins(&self, x: &[f32], dims: usize, z: &mut [f32], pitch: usize) {
        let classes = self.offsets.len();
        assert!(dims > 0 && self.stride >= dims && self.weights.len() >= classes * self.stride);
        assert!(pitch >= classes && (x.len() / dims).saturating_sub(1) * pitch + classes <= z.len());
        for (x, z) in x.chunks_exact(dims).zip(z.chunks_mut(pitch)) {
            let mut class = 0;
            while class + ROWS <= classes {
                self.rows::<ROWS>(class, x, z);
                class += ROWS;
            }
            while class < classes {
                self.rows::<1>(class, x, z);
                class += 1;
            }
        }
    }

    #[inline(always)]
    fn rows<const N: usize>(&self, class: usize, x: &[f32], z: &mut [f32]) {
        let mut sums: [[Vector; 2]; N] = [[simd::zero(); 2]; N];
        let whole = x.len() - x.len() % STEP;
        let weights = self.weights[class * self.stride..].as_ptr();
        for k in (0..whole).step_by(STEP) {
            // SAFETY: k + 8 ≤ dims, and `margins` has checked that N rows of dims floats are there.
            unsafe {
                let values = [simd::load(x.as_ptr().add(k)), simd::load(x.as_ptr().add(k + 4))];
                for (row, sum) in sums.iter_mut().enumerate() {
                    let weights = weights.add(row * self.stride + k);
                    sum[0] = simd::add_f32(sum[0], simd::mul_f32(values[0], simd::load(weights)));
                    sum[1] = simd::add_f32(sum[1], simd::mul_f32(values[1], simd::load(weights.add(4))));
                }
            }
        }
        for (row, sum) in sums.into_iter().enumerate() {
            let weights = &self.weights[(class + row) * self.stride..];
            let [a, b, c, d] = simd::lanes_f32(simd::add_f32(sum[0], sum[1]));
            let mut margin = (a + b) + (c + d);
            for k in whole..x.len() {
                margin += weights[k] * x[k];
            }
            z[class + row] = margin - self.offsets[class + row];
        }
    }
}
