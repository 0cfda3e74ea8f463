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
/// Photos that share the loads of W, and classes that share those of x: as many sums as registers hold.
const GROUP: (usize, usize) = (3, 2);
/// The same of one photo.
const SINGLE: (usize, usize) = (1, 4);

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
        let photos = x.len() / dims;
        let grouped = photos - photos % GROUP.0;
        for photo in (0..grouped).step_by(GROUP.0) {
            self.photos::<{ GROUP.0 }, { GROUP.1 }>(&x[photo * dims..], dims, &mut z[photo * pitch..], pitch);
        }
        for photo in grouped..photos {
            self.photos::<{ SINGLE.0 }, { SINGLE.1 }>(&x[photo * dims..], dims, &mut z[photo * pitch..], pitch);
        }
    }

    /// All classes of the first `P` photos, `N` at once.
    fn photos<const P: usize, const N: usize>(&self, x: &[f32], dims: usize, z: &mut [f32], pitch: usize) {
        let classes = self.offsets.len();
        let x: [&[f32]; P] = std::array::from_fn(|photo| &x[photo * dims..(photo + 1) * dims]);
        let whole = classes - classes % N;
        for class in (0..whole).step_by(N) {
            self.rows::<P, N>(class, x, z, pitch);
        }
        for class in whole..classes {
            self.rows::<P, 1>(class, x, z, pitch);
        }
    }

    #[inline(always)]
    fn rows<const P: usize, const N: usize>(&self, class: usize, x: [&[f32]; P], z: &mut [f32], pitch: usize) {
        let mut sums: [[[Vector; N]; P]; 2] = [[[simd::zero(); N]; P]; 2];
        let dims = x[0].len();
        let whole = dims - dims % STEP;
        let weights = self.weights[class * self.stride..].as_ptr();
        for k in (0..whole).step_by(STEP) {
            for (half, sums) in sums.iter_mut().enumerate() {
                let k = k + 4 * half;
                // SAFETY: k + 4 ≤ dims, and `margins` has checked that N rows of dims floats are there.
                let weights: [Vector; N] =
                    std::array::from_fn(|row| unsafe { simd::load(weights.add(row * self.stride + k)) });
                for (x, sums) in x.iter().zip(sums) {
                    // SAFETY: k + 4 ≤ dims, the length of each x.
                    let value = unsafe { simd::load(x.as_ptr().add(k)) };
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = simd::add_f32(*sum, simd::mul_f32(value, weight));
                    }
                }
            }
        }
        for (photo, x) in x.iter().enumerate() {
            for row in 0..N {
                let weights = &self.weights[(class + row) * self.stride..];
                let [a, b, c, d] = simd::lanes_f32(simd::add_f32(sums[0][photo][row], sums[1][photo][row]));
                let mut margin = (a + b) + (c + d);
                for k in whole..dims {
                    margin += weights[k] * x[k];
                }
                z[photo * pitch + class + row] = margin - self.offsets[class + row];
            }
        }
    }
}
