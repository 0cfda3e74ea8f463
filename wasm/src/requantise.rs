//! The end of every convolution: 32-bit sums back to 16-bit activations.
//!
//! `y = clamp(round(sum · multiplier[channel] (+ residual)), low, high)`, where `sum` already holds the bias. The float
//! product is exact to 24 bits and rounded ties to even, on every machine alike.

use crate::simd::{self, Vector};

/// Channels come in eights: one vector of 16-bit integers.
pub const LANES: usize = 8;

/// Per-channel constants of a convolution with `bias.len()` output channels.
pub struct Requantise {
    bias: Vec<i32>,
    multiplier: Vec<f32>,
    low: f32,
    high: f32,
}

impl Requantise {
    /// Constants for as many outputs as there are biases; `low..=high` is where the activation function cuts.
    ///
    /// # Errors
    /// A sentence, when the arrays do not fit each other or a value cannot be used.
    pub fn new(bias: &[i32], multiplier: &[f32], low: i16, high: i16) -> Result<Self, String> {
        if bias.is_empty() || !bias.len().is_multiple_of(LANES) || multiplier.len() != bias.len() {
            return Err(format!("{} biases and {} multipliers do not come in {LANES}s", bias.len(), multiplier.len()));
        }
        if low > high || !multiplier.iter().all(|m| m.is_finite()) {
            return Err("a multiplier or a bound is not usable".into());
        }
        Ok(Self { bias: bias.to_vec(), multiplier: multiplier.to_vec(), low: low.into(), high: high.into() })
    }

    /// Output channels, a multiple of 8.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Where the sums of channels `from .. from + 8` start.
    #[inline(always)]
    pub fn start(&self, from: usize) -> [Vector; 2] {
        let bias = &self.bias[from..from + LANES];
        // SAFETY: eight 32-bit integers, checked by the slice.
        unsafe { [simd::load(bias.as_ptr()), simd::load(bias.as_ptr().add(4))] }
    }

    /// The constants of channels `from .. from + 8`.
    #[inline(always)]
    pub fn channels(&self, from: usize) -> Channels {
        let multiplier = &self.multiplier[from..from + LANES];
        // SAFETY: eight floats, checked by the slice.
        let multiplier = unsafe { [simd::load(multiplier.as_ptr()), simd::load(multiplier.as_ptr().add(4))] };
        Channels { multiplier, low: simd::splat_f32(self.low), high: simd::splat_f32(self.high) }
    }
}

/// [`Requantise`] for eight channels, in registers.
pub struct Channels {
    multiplier: [Vector; 2],
    low: Vector,
    high: Vector,
}

impl Channels {
    /// Eight sums as eight activations.
    #[inline(always)]
    pub fn apply(&self, sums: [Vector; 2]) -> Vector {
        let [low, high] = self.scaled(sums);
        self.finish(low, high)
    }

    /// Eight sums plus eight activations of the output's own scale, as eight activations.
    #[inline(always)]
    pub fn apply_residual(&self, sums: [Vector; 2], residual: Vector) -> Vector {
        let [low, high] = self.scaled(sums);
        let low = simd::add_f32(low, simd::to_f32(simd::widen_low(residual)));
        let high = simd::add_f32(high, simd::to_f32(simd::widen_high(residual)));
        self.finish(low, high)
    }

    #[inline(always)]
    fn scaled(&self, sums: [Vector; 2]) -> [Vector; 2] {
        [
            simd::mul_f32(simd::to_f32(sums[0]), self.multiplier[0]),
            simd::mul_f32(simd::to_f32(sums[1]), self.multiplier[1]),
        ]
    }

    #[inline(always)]
    fn finish(&self, low: Vector, high: Vector) -> Vector {
        let low = simd::round(simd::clamp_f32(low, self.low, self.high));
        let high = simd::round(simd::clamp_f32(high, self.low, self.high));
        simd::narrow(low, high)
    }
}
