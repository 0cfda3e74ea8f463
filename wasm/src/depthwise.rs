//! Depthwise convolution: each channel with a `kernel × kernel` filter of its own.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | input | `[rows × columns × channels]` | i16 |
//! | weights as given | `[kernel × kernel × channels]` | i16 |
//! | weights as kept | `[channels / 8][kernel][pairs][8][2]`, pairs = ceil(kernel / 2) rows of the filter | i16 |
//! | strip | `[columns + padding][pairs][8][2]` | i16 |
//! | output | `[rows_out × columns_out × channels]` | i16 |
//!
//! For a row of outputs and eight channels, the input rows are interleaved two by two into a padded strip, once. A tap
//! is then one `i32x4.dot_i16x8_s` over two rows, and borders need no code: rows and columns outside are zeros.

use crate::requantise::{LANES, Requantise};
use crate::shape::Window;
use crate::simd::{self, Vector};

/// Output columns a register tile holds.
const TILE: usize = 4;

/// A depthwise convolution, ready to run.
pub struct Depthwise {
    window: Window,
    channels: usize,
    taps: Vec<i16>,
    requantise: Requantise,
    strip: Vec<i16>,
}

impl Depthwise {
    /// Packs `weights` `[kernel × kernel × channels]`.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn new(window: Window, weights: &[i16], requantise: Requantise) -> Result<Self, String> {
        let Window { kernel, stride, .. } = window;
        let channels = requantise.outputs();
        if !matches!(kernel, 3 | 5) || !matches!(stride, 1 | 2) {
            return Err(format!("a depthwise kernel of {kernel} with stride {stride} is not known"));
        }
        if weights.len() != kernel * kernel * channels {
            return Err(format!("{} weights are not {kernel} × {kernel} × {channels}", weights.len()));
        }
        let weight = |row: usize, column: usize, c: usize| {
            if row < kernel { weights[(row * kernel + column) * channels + c] } else { 0 }
        };
        let pairs = kernel.div_ceil(2);
        let mut taps = Vec::with_capacity(channels * kernel * pairs * 2);
        for from in (0..channels).step_by(LANES) {
            for (column, pair) in (0..kernel).flat_map(|column| (0..pairs).map(move |pair| (column, pair))) {
                taps.extend(
                    (from..from + LANES).flat_map(|c| [weight(2 * pair, column, c), weight(2 * pair + 1, column, c)]),
                );
            }
        }
        let columns = (window.columns_out().next_multiple_of(TILE) - 1) * stride + kernel;
        let strip = vec![0; columns.max(window.left + window.columns) * pairs * 2 * LANES];
        Ok(Self { window, channels, taps, requantise, strip })
    }

    /// Convolves a whole image.
    ///
    /// # Panics
    /// When an array is too short.
    pub fn run(&mut self, input: &[i16], output: &mut [i16]) {
        match (self.window.kernel, self.window.stride) {
            (3, 1) => self.run_as::<3, 2, 1>(input, output),
            (3, _) => self.run_as::<3, 2, 2>(input, output),
            (_, 1) => self.run_as::<5, 3, 1>(input, output),
            (_, _) => self.run_as::<5, 3, 2>(input, output),
        }
    }

    fn run_as<const KERNEL: usize, const PAIRS: usize, const STRIDE: usize>(
        &mut self,
        input: &[i16],
        output: &mut [i16],
    ) {
        let (rows, columns) = (self.window.rows_out(), self.window.columns_out());
        assert!(input.len() >= self.window.rows * self.window.columns * self.channels);
        assert!(output.len() >= rows * columns * self.channels);
        for row in 0..rows {
            let output = &mut output[row * columns * self.channels..(row + 1) * columns * self.channels];
            for from in (0..self.channels).step_by(LANES) {
                self.fill_strip::<KERNEL, PAIRS>(row, from, input);
                self.run_strip::<KERNEL, PAIRS, STRIDE>(from, output);
            }
        }
    }

    /// Interleaves the rows that output row `row` needs, of channels `from .. from + 8`, behind the left padding.
    #[inline(always)]
    fn fill_strip<const KERNEL: usize, const PAIRS: usize>(&mut self, row: usize, from: usize, input: &[i16]) {
        let zeros = [0; LANES];
        let pitch = self.window.columns * self.channels;
        let mut lines = [(zeros.as_ptr(), 0); KERNEL];
        for (tap, line) in lines.iter_mut().enumerate() {
            if let Some(row) = self.window.row_in(row, tap) {
                *line = (input[row * pitch + from..(row + 1) * pitch].as_ptr(), self.channels);
            }
        }
        let first = self.window.left * PAIRS * 2 * LANES;
        let strip = self.strip[first..first + self.window.columns * PAIRS * 2 * LANES].as_mut_ptr();
        for column in 0..self.window.columns {
            for pair in 0..PAIRS {
                // SAFETY: a line holds `columns` pixels, or is eight zeros that are read again and again.
                unsafe {
                    let (line, step) = lines[2 * pair];
                    let above = simd::load(line.add(column * step));
                    let below = match lines.get(2 * pair + 1) {
                        Some((line, step)) => simd::load(line.add(column * step)),
                        None => simd::zero(),
                    };
                    let at = strip.add((column * PAIRS + pair) * 2 * LANES);
                    simd::store(at, simd::interleave_low(above, below));
                    simd::store(at.add(LANES), simd::interleave_high(above, below));
                }
            }
        }
    }

    #[inline(always)]
    fn run_strip<const KERNEL: usize, const PAIRS: usize, const STRIDE: usize>(&self, from: usize, output: &mut [i16]) {
        let columns = self.window.columns_out();
        let channels = self.requantise.channels(from);
        let start = self.requantise.start(from);
        let taps = self.taps[from * KERNEL * PAIRS * 2..][..LANES * KERNEL * PAIRS * 2].as_ptr();
        for column in (0..columns).step_by(TILE) {
            let strip = self.strip[column * STRIDE * PAIRS * 2 * LANES..].as_ptr();
            let mut sums: [[Vector; 2]; TILE] = [start; TILE];
            for tap in 0..KERNEL * PAIRS {
                // SAFETY: the strip is long enough for whole tiles.
                unsafe {
                    let weights =
                        [simd::load(taps.add(tap * 2 * LANES)), simd::load(taps.add(tap * 2 * LANES + LANES))];
                    for (t, sum) in sums.iter_mut().enumerate() {
                        let value = strip.add((t * STRIDE * PAIRS + tap) * 2 * LANES);
                        sum[0] = simd::dot(sum[0], simd::load(value), weights[0]);
                        sum[1] = simd::dot(sum[1], simd::load(value.add(LANES)), weights[1]);
                    }
                }
            }
            for (t, sums) in sums.into_iter().enumerate().take(columns - column) {
                let at = (column + t) * self.channels + from;
                // SAFETY: eight elements, checked by the slice.
                unsafe { simd::store(output[at..at + LANES].as_mut_ptr(), channels.apply(sums)) };
            }
        }
    }
}
