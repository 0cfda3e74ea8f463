//! Pointwise (1 × 1) convolution: `output[pixel][n] = Σₖ input[pixel][k] · weights[n][k]`, a matrix product.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | input, activations | `[pixels × inputs]`, row-major | i16 |
//! | weights as given | `[outputs × inputs]`, row-major | i16 |
//! | weights as kept | `[outputs / 8][inputs / 2][8][2]`: panels | i16 |
//! | output, residual | `[pixels × outputs]`, row-major | i16 |
//!
//! `inputs` and `outputs` are multiples of 8. A tile of [`TILE`] pixels × 8 outputs keeps its sums in registers while a
//! pair of inputs at a time is broadcast against a panel (`i32x4.dot_i16x8_s`). Pixels are taken in chunks that stay in
//! the first-level cache while every panel passes over them.

use crate::requantise::{Channels, LANES, Requantise};
use crate::simd::{self, Vector};

/// Pixels a register tile holds: 4 × 8 sums, two weights, one broadcast, of 15 registers.
pub const TILE: usize = 4;

/// Bytes of activations that a chunk of pixels may take.
const CHUNK_BYTES: usize = 24 * 1024;

/// A pointwise convolution, ready to run.
pub struct Pointwise {
    inputs: usize,
    outputs: usize,
    panels: Vec<i16>,
    requantise: Requantise,
}

impl Pointwise {
    /// Packs `weights` `[outputs × inputs]` into panels; `requantise` says how many outputs.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn new(inputs: usize, weights: &[i16], requantise: Requantise) -> Result<Self, String> {
        let outputs = requantise.outputs();
        if inputs == 0 || !inputs.is_multiple_of(LANES) {
            return Err(format!("{inputs} input channels are not a multiple of {LANES}"));
        }
        let panels = pack_panels(inputs, outputs, weights)?;
        Ok(Self { inputs, outputs, panels, requantise })
    }

    /// Convolves `pixels` pixels; `residual` is added before the activation function cuts.
    ///
    /// # Panics
    /// When an array is too short.
    pub fn run(&self, pixels: usize, input: &[i16], residual: Option<&[i16]>, output: &mut [i16]) {
        assert!(input.len() >= pixels * self.inputs && output.len() >= pixels * self.outputs);
        assert!(residual.is_none_or(|r| r.len() >= pixels * self.outputs));
        let chunk = (CHUNK_BYTES / (2 * self.inputs)).next_multiple_of(TILE);
        for from in (0..pixels).step_by(chunk) {
            let to = pixels.min(from + chunk);
            for n in (0..self.outputs).step_by(LANES) {
                self.run_panel(n, from..to, input, residual, output);
            }
        }
    }

    #[inline(always)]
    fn run_panel(
        &self,
        n: usize,
        pixels: core::ops::Range<usize>,
        input: &[i16],
        residual: Option<&[i16]>,
        output: &mut [i16],
    ) {
        let channels = self.requantise.channels(n);
        let start = self.requantise.start(n);
        let panel = self.panels[n * self.inputs..].as_ptr();
        let mut pixel = pixels.start;
        // SAFETY: `run` has checked that every pixel below `pixels.end` is inside all arrays.
        unsafe {
            while pixel + TILE <= pixels.end {
                let sums = accumulate::<TILE>(
                    [start; TILE],
                    input.as_ptr().add(pixel * self.inputs),
                    self.inputs,
                    panel,
                    self.inputs / 2,
                );
                self.write(sums, &channels, pixel * self.outputs + n, residual, output);
                pixel += TILE;
            }
            while pixel < pixels.end {
                let sums = accumulate::<1>(
                    [start; 1],
                    input.as_ptr().add(pixel * self.inputs),
                    self.inputs,
                    panel,
                    self.inputs / 2,
                );
                self.write(sums, &channels, pixel * self.outputs + n, residual, output);
                pixel += 1;
            }
        }
    }

    /// # Safety
    /// Eight elements from `at + p · outputs` are inside `output` and `residual` for each of the tile's pixels.
    #[inline(always)]
    unsafe fn write<const PIXELS: usize>(
        &self,
        sums: [[Vector; 2]; PIXELS],
        channels: &Channels,
        at: usize,
        residual: Option<&[i16]>,
        output: &mut [i16],
    ) {
        for (p, sums) in sums.into_iter().enumerate() {
            let at = at + p * self.outputs;
            unsafe {
                let value = match residual {
                    Some(residual) => channels.apply_residual(sums, simd::load(residual.as_ptr().add(at))),
                    None => channels.apply(sums),
                };
                simd::store(output.as_mut_ptr().add(at), value);
            }
        }
    }
}

/// `[outputs × inputs]` into `[outputs / 8][inputs / 2][8][2]`.
///
/// # Errors
/// A sentence, when shapes do not fit.
pub fn pack_panels(inputs: usize, outputs: usize, weights: &[i16]) -> Result<Vec<i16>, String> {
    if outputs == 0 || !outputs.is_multiple_of(LANES) || !inputs.is_multiple_of(2) {
        return Err(format!("{outputs} × {inputs} weights do not come in panels of {LANES} × 2"));
    }
    if weights.len() != inputs * outputs {
        return Err(format!("{} weights are not {outputs} × {inputs}", weights.len()));
    }
    let mut panels = Vec::with_capacity(weights.len());
    for n in (0..outputs).step_by(LANES) {
        for k in (0..inputs).step_by(2) {
            for lane in 0..LANES {
                let at = (n + lane) * inputs + k;
                panels.extend_from_slice(&weights[at..at + 2]);
            }
        }
    }
    Ok(panels)
}

/// Adds `pairs` pairs of inputs times a panel to the sums of a tile; pixels lie `pitch` elements apart.
///
/// # Safety
/// `2 · pairs` elements from `input + p · pitch` and `16 · pairs` from `panel` are readable.
#[inline(always)]
pub unsafe fn accumulate<const PIXELS: usize>(
    mut sums: [[Vector; 2]; PIXELS],
    input: *const i16,
    pitch: usize,
    panel: *const i16,
    pairs: usize,
) -> [[Vector; 2]; PIXELS] {
    for pair in 0..pairs {
        unsafe {
            let weights = panel.add(pair * 2 * LANES);
            let (low, high) = (simd::load(weights), simd::load(weights.add(LANES)));
            for (p, sum) in sums.iter_mut().enumerate() {
                let value = simd::load_pair(input.add(p * pitch + 2 * pair));
                sum[0] = simd::dot(sum[0], value, low);
                sum[1] = simd::dot(sum[1], value, high);
            }
        }
    }
    sums
}
