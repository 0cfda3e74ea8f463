//! Margins of linear classifiers, `z[photo][class] = w[class] · x[photo] − b[class]`, from integers: features are
//! `x = offset + scale · v` with bytes v, weights `w ≈ step · q` with 16-bit q, so that
//!
//! `z = (Σ q·v) · (scale · step) + (offset · Σw − b)`.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | values | `[photos × dims]` | u8 |
//! | scales | `[photos][offset, scale]` | f32 |
//! | q, in panels | `[classes / 8][⌈dims / 2⌉][8][2]` | i16 |
//! | constants | `[classes / 8][step, Σw, b][8]` | f32 |
//! | z | `[photos × classes]` | f32 |
//!
//! The sums are exact, and the rest is done in one order: a class has the same margin to the bit wherever it lies and
//! whatever is scored beside it. Whoever quantises the weights sees to it that no sum overflows: Σ|q| ≤ (2³¹ − 1) / 255.

use crate::gemm;
use crate::requantise::LANES;
use crate::simd::{self, Vector};

/// Constants of a class: step, Σw, b.
const CONSTANTS: usize = 3;

/// Scores a batch of photos, some classes at a time.
#[derive(Default)]
pub struct Scorer {
    /// Values of a photo, and one more where they are odd.
    stride: usize,
    /// `[photos × stride]`.
    values: Vec<i16>,
    /// `[photos × 2]`.
    scales: Vec<f32>,
    classes: usize,
    /// `[photos × classes]`.
    margins: Vec<f32>,
}

impl Scorer {
    /// Takes the photos that are to be scored next, and makes room for their margins.
    ///
    /// # Panics
    /// When values and scales are not of as many photos.
    pub fn begin(&mut self, dims: usize, values: &[u8], scales: &[f32], classes: usize) {
        let photos = scales.len() / 2;
        assert!(dims > 0 && values.len() == photos * dims);
        self.stride = dims.next_multiple_of(2);
        self.classes = classes;
        self.values.resize(photos * self.stride, 0);
        for (row, values) in self.values.chunks_exact_mut(self.stride).zip(values.chunks_exact(dims)) {
            row[dims..].fill(0);
            for (wide, value) in row.iter_mut().zip(values) {
                *wide = i16::from(*value);
            }
        }
        self.scales.clear();
        self.scales.extend_from_slice(scales);
        self.margins.resize(photos * classes, 0.0);
    }

    /// Scores all photos by the panels of classes from `first` on.
    ///
    /// # Panics
    /// When panels and constants are not of as many classes, or of more than there is room for.
    pub fn score(&mut self, first: usize, panels: &[i16], constants: &[f32]) {
        let each = self.stride * LANES;
        assert!(panels.len() / each * CONSTANTS * LANES == constants.len());
        for (index, (panel, constants)) in
            panels.chunks_exact(each).zip(constants.chunks_exact(CONSTANTS * LANES)).enumerate()
        {
            self.score_panel(first + index * LANES, panel, constants);
        }
    }

    #[inline(always)]
    fn score_panel(&mut self, class: usize, panel: &[i16], constants: &[f32]) {
        let photos = self.scales.len() / 2;
        let mut photo = 0;
        while photo + gemm::TILE <= photos {
            self.score_tile::<{ gemm::TILE }>(photo, class, panel, constants);
            photo += gemm::TILE;
        }
        while photo < photos {
            self.score_tile::<1>(photo, class, panel, constants);
            photo += 1;
        }
    }

    #[inline(always)]
    fn score_tile<const P: usize>(&mut self, photo: usize, class: usize, panel: &[i16], constants: &[f32]) {
        let values = &self.values[photo * self.stride..(photo + P) * self.stride];
        // SAFETY: P photos of as many values as the panel has pairs of.
        let sums = unsafe {
            gemm::accumulate::<P>([[simd::zero(); 2]; P], values.as_ptr(), self.stride, panel.as_ptr(), self.stride / 2)
        };
        for (place, sums) in sums.into_iter().enumerate() {
            let photo = photo + place;
            let at = photo * self.classes + class;
            let count = LANES.min(self.classes - class);
            let z = margins(sums, &self.scales[2 * photo..2 * photo + 2], constants);
            self.margins[at..at + count].copy_from_slice(&z[..count]);
        }
    }

    /// `[photos × classes]`.
    pub fn margins(&self) -> &[f32] {
        &self.margins
    }
}

#[inline(always)]
fn margins(sums: [Vector; 2], scales: &[f32], constants: &[f32]) -> [f32; LANES] {
    let mut z = [0.0; LANES];
    let (offset, scale) = (simd::splat_f32(scales[0]), simd::splat_f32(scales[1]));
    assert!(constants.len() == CONSTANTS * LANES);
    for (half, sum) in sums.into_iter().enumerate() {
        // SAFETY: three times eight constants, and eight margins.
        unsafe {
            let at = constants.as_ptr().add(4 * half);
            let (step, total, b) = (simd::load(at), simd::load(at.add(LANES)), simd::load(at.add(2 * LANES)));
            let varying = simd::mul_f32(simd::to_f32(sum), simd::mul_f32(scale, step));
            let fixed = simd::sub_f32(simd::mul_f32(offset, total), b);
            simd::store(z.as_mut_ptr().add(4 * half), simd::add_f32(varying, fixed));
        }
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from a seed, 0 to 65,535.
    fn numbers(mut state: u32) -> impl FnMut() -> i32 {
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i32
        }
    }

    /// Eight classes of `dims` weights each as a panel.
    fn panel(dims: usize, weights: &[[i16; LANES]]) -> Vec<i16> {
        let mut panel = vec![0; dims.next_multiple_of(2) * LANES];
        for (k, weights) in weights.iter().enumerate() {
            for (lane, weight) in weights.iter().enumerate() {
                panel[k / 2 * 2 * LANES + 2 * lane + k % 2] = *weight;
            }
        }
        panel
    }

    #[test]
    fn margins_are_those_of_exact_sums_alone_and_among_others() {
        for (dims, photos, classes) in [(1, 1, 1), (2, 3, 8), (7, 4, 3), (16, 5, 8), (33, 9, 7)] {
            let mut next = numbers(dims as u32);
            let weights: Vec<[i16; LANES]> = (0..dims).map(|_| std::array::from_fn(|_| next() as i16)).collect();
            let values: Vec<u8> = (0..photos * dims).map(|_| next() as u8).collect();
            let scales: Vec<f32> = (0..2 * photos).map(|_| next() as f32 / 1e6 - 0.01).collect();
            let constants: Vec<f32> = (0..CONSTANTS * LANES).map(|_| next() as f32 / 1e5 - 0.3).collect();
            let panel = panel(dims, &weights);
            let mut scorer = Scorer::default();
            scorer.begin(dims, &values, &scales, classes);
            scorer.score(0, &panel, &constants);
            let together = scorer.margins().to_vec();
            for photo in 0..photos {
                let values = &values[photo * dims..(photo + 1) * dims];
                let scales = &scales[2 * photo..2 * photo + 2];
                scorer.begin(dims, values, scales, classes);
                scorer.score(0, &panel, &constants);
                for class in 0..classes {
                    let sum: i64 = (0..dims).map(|k| i64::from(values[k]) * i64::from(weights[k][class])).sum();
                    let [step, total, b] = std::array::from_fn(|at| constants[at * LANES + class]);
                    let z = sum as f32 * (scales[1] * step) + (scales[0] * total - b);
                    assert_eq!(together[photo * classes + class], z, "{dims} dims, photo {photo}, class {class}");
                    assert_eq!(scorer.margins()[class], z);
                }
            }
        }
    }

    #[test]
    fn the_largest_sums_do_not_overflow() {
        // Σ|q| = (2³¹ − 1) / 255, rounded down, with weights of one sign that end on the largest.
        let most = i32::MAX / 255;
        let whole = (most / i32::from(i16::MAX)) as usize;
        for sign in [1, -1] {
            let mut weights = vec![[sign * i16::MAX; LANES]; whole];
            weights.push([sign * (most % i32::from(i16::MAX)) as i16; LANES]);
            let dims = weights.len();
            let mut constants = [0.0; CONSTANTS * LANES];
            constants[..LANES].fill(1.0);
            let mut scorer = Scorer::default();
            scorer.begin(dims, &vec![255; dims], &[0.0, 1.0], LANES);
            scorer.score(0, &panel(dims, &weights), &constants);
            assert_eq!(scorer.margins(), [f32::from(sign) * (most * 255) as f32; LANES]);
        }
    }
}
