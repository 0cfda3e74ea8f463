//! Global average pool: `features[c] = scale · Σ input[pixel][c] / pixels`, input `[pixels × channels]`.
//!
//! Sums are 32-bit integers, exact for up to 65,536 pixels.

use crate::requantise::LANES;
use crate::simd;

/// Averages every channel; `scale` is what one step of the input's integers stands for.
///
/// # Panics
/// When channels do not come in eights, or an array does not fit.
pub fn average(pixels: usize, input: &[i16], scale: f32, features: &mut [f32]) {
    let channels = features.len();
    assert!(channels.is_multiple_of(LANES) && pixels <= 65_536 && input.len() >= pixels * channels);
    let factor = simd::splat_f32(scale / pixels as f32);
    for (from, features) in (0..channels).step_by(LANES).zip(features.chunks_exact_mut(LANES)) {
        let mut sums = [simd::zero(); 2];
        for pixel in 0..pixels {
            // SAFETY: inside `pixels × channels`.
            let value = unsafe { simd::load(input.as_ptr().add(pixel * channels + from)) };
            sums[0] = simd::add_i32(sums[0], simd::widen_low(value));
            sums[1] = simd::add_i32(sums[1], simd::widen_high(value));
        }
        // SAFETY: a chunk is eight floats.
        unsafe {
            simd::store(features.as_mut_ptr(), simd::mul_f32(simd::to_f32(sums[0]), factor));
            simd::store(features.as_mut_ptr().add(4), simd::mul_f32(simd::to_f32(sums[1]), factor));
        }
    }
}
