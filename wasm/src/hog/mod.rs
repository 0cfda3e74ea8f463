//! HOG + HSV: histograms of oriented gradients, of three sizes of the photo, and of colours. It has no parameters.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | photo | `[128 × 128 × 3]` | u8, RGB |
//! | the photo halved, and again | `[64 × 64 × 3]`, `[32 × 32 × 3]` | u8, RGB |
//! | gradients' cells | `[3 × 4 × 4 × 18]`, of 32, 16 and 8 pixels squared | f32 |
//! | colours' cells | `[4 × 4 × 57]`, of 32 pixels squared | f32 |
//! | features | `[3 × 4 × 4 × 31]`, then `[4 × 4 × 57]`: 1,488 + 912 = 2,400 | f32, of mean 0 and deviation 1 by kind |
//!
//! Sizes come from the largest; rows before columns, from the top left; a cell's channels are neighbours.

mod blocks;
mod colours;
mod gradients;
mod grid;
mod spread;

use colours::Colour;
use gradients::{Gradients, TURN};
use grid::Grid;

const COLOURS: usize = 3;

/// Rows and columns of a photo.
const SIDE: usize = 128;
/// Sizes of the photo whose gradients count.
const SIZES: usize = 3;
/// Rows and columns of cells, whatever the size.
const CELLS: usize = 4;
/// Features of a size's gradients.
const SIZE_FEATURES: usize = CELLS * CELLS * blocks::CHANNELS;

/// Memory for describing photos one after the other.
pub struct Hog {
    sizes: Vec<Size>,
    colours: Grid,
    features: Vec<f32>,
}

impl Default for Hog {
    fn default() -> Self {
        Self {
            sizes: (0..SIZES).map(|halvings| Size::new(SIDE >> halvings)).collect(),
            colours: Grid::new(SIDE, CELLS, colours::BINS),
            features: vec![0.0; SIZES * SIZE_FEATURES + CELLS * CELLS * colours::BINS],
        }
    }
}

impl Hog {
    /// Where the photo goes, `[SIDE × SIDE × 3]`.
    pub fn photo(&mut self) -> &mut [u8] {
        &mut self.sizes[0].photo
    }

    /// The features of the photo described last.
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// Describes the photo.
    pub fn run(&mut self) {
        for size in 1..SIZES {
            let (larger, smaller) = self.sizes.split_at_mut(size);
            larger[size - 1].halve(&mut smaller[0].photo);
        }
        let (gradients, colours) = self.features.split_at_mut(SIZES * SIZE_FEATURES);
        for (size, features) in self.sizes.iter_mut().zip(gradients.chunks_exact_mut(SIZE_FEATURES)) {
            size.run(features);
        }
        add_colours(&self.sizes[0].photo, &mut self.colours);
        let histograms = self.colours.histograms().chunks_exact(colours::BINS);
        for (histogram, features) in histograms.zip(colours.chunks_exact_mut(colours::BINS)) {
            colours::normalise(histogram, features);
        }
    }
}

/// A photo at one of its sizes, and its gradients' cells.
struct Size {
    side: usize,
    photo: Vec<u8>,
    gradients: Gradients,
    grid: Grid,
}

impl Size {
    fn new(side: usize) -> Self {
        let photo = vec![0; side * side * COLOURS];
        Self { side, photo, gradients: Gradients::new(side), grid: Grid::new(side, CELLS, TURN) }
    }

    /// Halves the photo both ways: each pixel is the mean of four.
    fn halve(&self, half: &mut [u8]) {
        let pitch = self.side * COLOURS;
        for (rows, half) in self.photo.chunks_exact(2 * pitch).zip(half.chunks_exact_mut(pitch / 2)) {
            let (above, below) = rows.split_at(pitch);
            let pairs = above.chunks_exact(2 * COLOURS).zip(below.chunks_exact(2 * COLOURS));
            for ((above, below), half) in pairs.zip(half.chunks_exact_mut(COLOURS)) {
                for (colour, half) in half.iter_mut().enumerate() {
                    let [a, b] = [above[colour], above[colour + COLOURS]].map(u16::from);
                    let [c, d] = [below[colour], below[colour + COLOURS]].map(u16::from);
                    *half = ((a + b + c + d + 2) / 4) as u8;
                }
            }
        }
    }

    /// Each gradient counts for the two nearest orientations of the four nearest cells.
    fn run(&mut self, features: &mut [f32]) {
        self.grid.clear();
        for row in 0..self.side {
            let (magnitudes, orientations) = self.gradients.row(&self.photo, row);
            for (column, (magnitude, orientation)) in magnitudes.iter().zip(orientations).enumerate() {
                let whole = *orientation as usize;
                let first = if whole >= TURN { 0 } else { whole };
                let next = if first + 1 == TURN { 0 } else { first + 1 };
                let to_next = magnitude * (orientation - whole as f32);
                let to_first = magnitude - to_next;
                let (left, right, right_part) = self.grid.at(column);
                left[first] += to_first * (1.0 - right_part);
                left[next] += to_next * (1.0 - right_part);
                right[first] += to_first * right_part;
                right[next] += to_next * right_part;
            }
            self.grid.end_row(row);
        }
        let area = (self.side / CELLS).pow(2) as f32;
        blocks::normalise(self.grid.histograms(), CELLS, area, features);
    }
}

fn add_colours(photo: &[u8], grid: &mut Grid) {
    grid.clear();
    for (row, pixels) in photo.chunks_exact(SIDE * COLOURS).enumerate() {
        for (column, pixel) in pixels.chunks_exact(COLOURS).enumerate() {
            let Colour { bins, weights } = Colour::of(pixel[0], pixel[1], pixel[2]);
            let (left, right, right_part) = grid.at(column);
            for (bin, weight) in bins.into_iter().zip(weights) {
                left[bin] += weight * (1.0 - right_part);
                right[bin] += weight * right_part;
            }
        }
        grid.end_row(row);
    }
}
