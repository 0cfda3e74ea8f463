//! The stem: a dense convolution straight from the photo's bytes, `[height × width × 3]` RGB.
//!
//! A byte enters as `value − offset` in 16 bits, exactly; the network's input scale is folded into the weights. The
//! rows a row of outputs needs are kept as padded 16-bit lines of `(left + width + right) · 3` elements, so that an
//! output pixel reads, per kernel row, `kernel · 3` neighbouring elements: an ordinary panel product with pixels
//! `stride · 3` apart, and no im2col. Weights are kept as `[kernel]` panels `[outputs / 8][ceil(3·kernel / 2)][8][2]`,
//! the odd last input zero.

use crate::gemm::{TILE, accumulate, pack_panels};
use crate::requantise::{LANES, Requantise};
use crate::shape::Window;
use crate::simd;

const COLOURS: usize = 3;

/// A stem convolution, ready to run.
pub struct Stem {
    window: Window,
    outputs: usize,
    offset: i16,
    pairs: usize,
    panels: Vec<i16>,
    requantise: Requantise,
    lines: Vec<i16>,
    pitch: usize,
}

impl Stem {
    /// Packs `weights` `[outputs × kernel × kernel × 3]`.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn new(window: Window, offset: i16, weights: &[i16], requantise: Requantise) -> Result<Self, String> {
        let outputs = requantise.outputs();
        let taps = window.kernel * COLOURS;
        if weights.len() != outputs * window.kernel * taps {
            return Err(format!("{} weights are not a stem of {outputs} outputs", weights.len()));
        }
        let inputs = taps.next_multiple_of(2);
        let mut panels = Vec::new();
        for row in 0..window.kernel {
            let mut padded = vec![0; outputs * inputs];
            for (n, line) in padded.chunks_mut(inputs).enumerate() {
                let at = (n * window.kernel + row) * taps;
                line[..taps].copy_from_slice(&weights[at..at + taps]);
            }
            panels.extend(pack_panels(inputs, outputs, &padded)?);
        }
        let columns = (window.columns_out() - 1) * window.stride + window.kernel;
        // Tail: a tile's last broadcast and an 8-wide store may pass the last pixel.
        let pitch = (columns.max(window.left + window.columns) * COLOURS + 1 + LANES).next_multiple_of(LANES);
        let lines = vec![0; pitch * window.kernel];
        Ok(Self { window, outputs, offset, pairs: inputs / 2, panels, requantise, lines, pitch })
    }

    /// Convolves a photo `[rows × columns × 3]` into `[rows_out × columns_out × outputs]`.
    ///
    /// # Panics
    /// When an array is too short.
    pub fn run(&mut self, photo: &[u8], output: &mut [i16]) {
        let columns = self.window.columns_out();
        assert!(photo.len() >= self.window.rows * self.window.columns * COLOURS);
        assert!(output.len() >= self.window.rows_out() * columns * self.outputs);
        for (row, output) in output.chunks_exact_mut(columns * self.outputs).take(self.window.rows_out()).enumerate() {
            for tap in 0..self.window.kernel {
                self.fill_line(tap, self.window.row_in(row, tap), photo);
            }
            self.run_row(output);
        }
    }

    /// Writes input row `row`, or zeros outside the photo, to line `tap`.
    fn fill_line(&mut self, tap: usize, row: Option<usize>, photo: &[u8]) {
        let line = &mut self.lines[tap * self.pitch..(tap + 1) * self.pitch];
        let Some(row) = row else {
            line.fill(0);
            return;
        };
        let bytes = self.window.columns * COLOURS;
        let from = self.window.left * COLOURS;
        let photo = &photo[row * bytes..(row + 1) * bytes];
        let offset = simd::splat_i16(self.offset);
        let (eights, rest) = photo.as_chunks::<LANES>();
        let (inside, after) = line[from..].split_at_mut(bytes);
        let (lines, tail) = inside.as_chunks_mut::<LANES>();
        for (line, bytes) in lines.iter_mut().zip(eights) {
            // SAFETY: both are eight elements long.
            unsafe { simd::store(line.as_mut_ptr(), simd::sub_i16(simd::load_bytes(bytes.as_ptr()), offset)) };
        }
        for (value, byte) in tail.iter_mut().zip(rest) {
            *value = i16::from(*byte) - self.offset;
        }
        after.fill(0);
    }

    fn run_row(&self, output: &mut [i16]) {
        let columns = self.window.columns_out();
        for n in (0..self.outputs).step_by(LANES) {
            let mut column = 0;
            while column + TILE <= columns {
                self.run_tile::<TILE>(n, column, output);
                column += TILE;
            }
            while column < columns {
                self.run_tile::<1>(n, column, output);
                column += 1;
            }
        }
    }

    #[inline(always)]
    fn run_tile<const PIXELS: usize>(&self, n: usize, column: usize, output: &mut [i16]) {
        let step = self.window.stride * COLOURS;
        let mut sums = [self.requantise.start(n); PIXELS];
        for tap in 0..self.window.kernel {
            let line = &self.lines[tap * self.pitch + column * step..];
            let panel = &self.panels[(tap * self.outputs + n) * self.pairs * 2..];
            // SAFETY: `pitch` covers the last column's pairs, and a panel is 16 · pairs long.
            sums = unsafe { accumulate(sums, line.as_ptr(), step, panel.as_ptr(), self.pairs) };
        }
        let channels = self.requantise.channels(n);
        for (p, sums) in sums.into_iter().enumerate() {
            let at = (column + p) * self.outputs + n;
            // SAFETY: eight elements, checked by the slice.
            unsafe { simd::store(output[at..at + LANES].as_mut_ptr(), channels.apply(sums)) };
        }
    }
}
