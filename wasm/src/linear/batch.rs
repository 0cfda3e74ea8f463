//! A batch of feature rows `[rows × dims]`, f32, row-major.

use crate::simd;

/// Room for rows of features, some of them in use.
pub struct Batch {
    dims: usize,
    rows: usize,
    x: Vec<f32>,
}

impl Batch {
    /// Room for `capacity` rows of `dims` features.
    pub fn new(capacity: usize, dims: usize) -> Self {
        Self { dims, rows: 0, x: vec![0.0; capacity * dims] }
    }

    /// Features of a row.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Rows in use.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows in use, `[rows × dims]`.
    pub fn x(&self) -> &[f32] {
        &self.x[..self.rows * self.dims]
    }

    /// Takes `rows` rows into use and gives them to be written, `[rows × dims]`.
    ///
    /// # Panics
    /// When there is no room for them.
    pub fn fill(&mut self, rows: usize) -> &mut [f32] {
        assert!(rows * self.dims <= self.x.len());
        self.rows = rows;
        &mut self.x[..rows * self.dims]
    }

    /// Takes rows of bytes: `x = offset + scale · value`, with `scales` `[rows × 2]`: offset, scale.
    ///
    /// # Panics
    /// When the arrays do not fit together.
    pub fn dequantise(&mut self, values: &[u8], scales: &[f32]) {
        let dims = self.dims;
        assert!(values.len() == scales.len() / 2 * dims);
        let x = self.fill(scales.len() / 2);
        for ((x, values), scale) in x.chunks_exact_mut(dims).zip(values.chunks_exact(dims)).zip(scales.chunks_exact(2))
        {
            for (x, value) in x.iter_mut().zip(values) {
                *x = scale[0] + scale[1] * f32::from(*value);
            }
        }
    }

    /// Whether all numbers of the rows in use are finite.
    pub fn is_finite(&self) -> bool {
        // 0 · x is 0, or not a number.
        let (chunks, rest) = self.x().as_chunks::<4>();
        let sum = chunks.iter().fold(simd::zero(), |sum, chunk| {
            // SAFETY: a chunk is four floats.
            simd::add_f32(sum, simd::mul_f32(simd::zero(), unsafe { simd::load(chunk.as_ptr()) }))
        });
        simd::lanes_f32(sum).iter().chain(rest).all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_finite_is_found_wherever_it_is() {
        let mut batch = Batch::new(3, 5);
        batch.fill(3).fill(f32::MAX);
        assert!(batch.is_finite());
        for at in 0..15 {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let good = core::mem::replace(&mut batch.fill(3)[at], bad);
                assert!(!batch.is_finite());
                batch.fill(3)[at] = good;
            }
        }
    }
}
