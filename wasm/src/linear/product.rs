//! Products of panels: `c[m][n] = Σₖ a[k][m] · b[k][n]`, by rising k.
//!
//! A register tile holds [`TILE`] × 16 sums: lanes of `a` are broadcast, lanes of `b` are loaded. Depth is taken in steps
//! whose panels stay in the first-level cache; a tile takes up its sums where the step before left them, so that steps
//! leave no trace in the bits.

use crate::linear::panels::LANES;
use crate::simd::{self, Vector};

/// Lanes of `a` that a register tile takes: 2 × 16 sums in 8 registers, 4 of `b`, 1 of `a`.
const TILE: usize = 2;

/// Depth of a step: 256 × 16 floats are 16 KiB, twice.
pub const STEP: usize = 256;

/// 16 floats.
pub type Row = [Vector; 4];

/// The 16 floats at `at`.
///
/// # Safety
/// 16 floats from `at` are readable.
#[inline(always)]
pub unsafe fn load_row(at: *const f32) -> Row {
    unsafe { [simd::load(at), simd::load(at.add(4)), simd::load(at.add(8)), simd::load(at.add(12))] }
}

/// Writes 16 floats.
///
/// # Safety
/// 16 floats from `at` are writable.
#[inline(always)]
pub unsafe fn store_row(at: *mut f32, row: Row) {
    for (i, vector) in row.into_iter().enumerate() {
        unsafe { simd::store(at.add(4 * i), vector) };
    }
}

/// Adds `depth` steps of lanes `a[k][0 .. N]` times `b[k]` to a tile.
///
/// # Safety
/// `depth` rows of 16 floats from `b`, and as many of N floats, 16 apart, from `a` are readable.
#[inline(always)]
unsafe fn add_tile<const N: usize>(mut sums: [Row; N], a: *const f32, b: *const f32, depth: usize) -> [Row; N] {
    for k in 0..depth {
        unsafe {
            let row = load_row(b.add(k * LANES));
            for (m, sum) in sums.iter_mut().enumerate() {
                let value = simd::load_splat_f32(a.add(k * LANES + m));
                for (sum, b) in sum.iter_mut().zip(row) {
                    *sum = simd::add_f32(*sum, simd::mul_f32(value, b));
                }
            }
        }
    }
    sums
}

/// For the columns of one panel `b` `[depth][16]`: `c[row][..] = Σₖ a[row][k] · b[k][..]`, where `a` are panels of rows
/// `[rows / 16][pitch][16]` and `c` is `[rows][16]`; adds depth `from ..` only, up to a step, and begins at zero at 0.
///
/// # Panics
/// When an array is too short, or `rows` is not a multiple of 16.
#[inline(never)]
pub fn add_step(rows: usize, a: &[f32], pitch: usize, b: &[f32], from: usize, c: &mut [f32]) {
    let depth = STEP.min(b.len() / LANES - from);
    assert!(rows.is_multiple_of(LANES) && from + depth <= pitch);
    assert!(a.len() >= rows * pitch && b.len().is_multiple_of(LANES) && c.len() >= rows * LANES);
    for row in (0..rows).step_by(TILE) {
        // SAFETY: `row + TILE ≤ rows`, and the arrays are long enough.
        unsafe {
            let a = a.as_ptr().add(row / LANES * pitch * LANES + from * LANES + row % LANES);
            let at = c.as_mut_ptr().add(row * LANES);
            let mut sums = [[simd::zero(); 4]; TILE];
            if from > 0 {
                for (m, sum) in sums.iter_mut().enumerate() {
                    *sum = load_row(at.add(m * LANES));
                }
            }
            let sums = add_tile(sums, a, b.as_ptr().add(from * LANES), depth);
            for (m, sum) in sums.into_iter().enumerate() {
                store_row(at.add(m * LANES), sum);
            }
        }
    }
}

/// The product of two panels of one depth, `[16][16]`.
///
/// # Panics
/// When they are not of one depth.
pub fn square(a: &[f32], b: &[f32]) -> [f32; LANES * LANES] {
    assert!(a.len() == b.len());
    let depth = a.len() / LANES;
    let mut c = [0.0; LANES * LANES];
    for from in (0..depth).step_by(STEP) {
        add_step(LANES, a, depth, b, from, &mut c);
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::panels::{pack_rows, padded};

    #[test]
    fn steps_and_tiles_leave_no_trace_in_the_bits() {
        let numbers =
            |count: usize, seed: usize| (0..count).map(|i| ((i * 7919 + seed) % 613) as f32 / 307.0 - 1.0).collect();
        for (rows, depth) in [(1, 1), (16, 16), (19, STEP - 1), (33, STEP + 5), (5, 2 * STEP + 1)] {
            let (x, w): (Vec<f32>, Vec<f32>) = (numbers(rows * depth, 5), numbers(LANES * depth, 11));
            let mut a = vec![0.0; padded(rows) * depth];
            let mut b = vec![0.0; LANES * depth];
            pack_rows(&x, depth, depth, &mut a);
            pack_rows(&w, depth, depth, &mut b);
            let mut c = vec![f32::NAN; padded(rows) * LANES];
            for from in (0..depth).step_by(STEP) {
                add_step(padded(rows), &a, depth, &b, from, &mut c);
            }
            for (row, x) in x.chunks_exact(depth).enumerate() {
                for (lane, w) in w.chunks_exact(depth).enumerate() {
                    let expected = x.iter().zip(w).fold(0.0, |sum: f32, (x, w)| sum + x * w);
                    assert_eq!(c[row * LANES + lane].to_bits(), expected.to_bits(), "{rows} × {depth}: {row}, {lane}");
                }
            }
        }
    }
}
