//! Histograms over a square grid of cells: each pixel counts for the four cells around it, bilinearly.
//!
//! Pixel centres lie at `(column + ½) / cell − ½` in units of cells; those beyond the outer cells' centres count for
//! the outer cells alone. A photo's rows are added one by one, so that the work per pixel is on one row of cells.

/// Where a row or column of pixels lies between two neighbouring cells.
#[derive(Clone, Copy)]
struct Place {
    /// The first of the two.
    cell: usize,
    /// The part that goes to the second, 0 to 1.
    next: f32,
}

/// A histogram of `bins` bins for each of `cells × cells` cells.
pub struct Grid {
    cells: usize,
    bins: usize,
    places: Vec<Place>,
    /// What the present row of pixels has put in, `[cells × bins]`.
    row: Vec<f32>,
    /// `[cells × cells × bins]`
    sums: Vec<f32>,
}

impl Grid {
    /// A grid over `pixels × pixels`; two cells at least.
    pub fn new(pixels: usize, cells: usize, bins: usize) -> Self {
        let place = |pixel: usize| {
            let position = (pixel as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5;
            let cell = (position.max(0.0) as usize).min(cells - 2);
            Place { cell, next: (position - cell as f32).clamp(0.0, 1.0) }
        };
        let places = (0..pixels).map(place).collect();
        Self { cells, bins, places, row: vec![0.0; cells * bins], sums: vec![0.0; cells * cells * bins] }
    }

    /// Empties all histograms.
    pub fn clear(&mut self) {
        self.row.fill(0.0);
        self.sums.fill(0.0);
    }

    /// The two histograms that pixels of a column count for, in this row, and the second one's part.
    #[inline(always)]
    pub fn at(&mut self, column: usize) -> (&mut [f32], &mut [f32], f32) {
        let Place { cell, next } = self.places[column];
        let (first, second) = self.row[cell * self.bins..(cell + 2) * self.bins].split_at_mut(self.bins);
        (first, second, next)
    }

    /// Adds what a row of pixels has put in, and empties it for the next.
    pub fn end_row(&mut self, row: usize) {
        let Place { cell, next } = self.places[row];
        let length = self.cells * self.bins;
        let (first, second) = self.sums[cell * length..(cell + 2) * length].split_at_mut(length);
        for ((first, second), value) in first.iter_mut().zip(second).zip(&mut self.row) {
            *second += *value * next;
            *first += *value * (1.0 - next);
            *value = 0.0;
        }
    }

    /// The histograms `[cells × cells × bins]`, row by row.
    pub fn histograms(&self) -> &[f32] {
        &self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_counts_once_and_most_where_it_lies() {
        for (pixels, cells) in [(32, 4), (10, 3), (7, 2), (4, 4)] {
            let mut grid = Grid::new(pixels, cells, 1);
            for (row, column) in (0..pixels).flat_map(|row| (0..pixels).map(move |column| (row, column))) {
                grid.clear();
                let (left, right, right_part) = grid.at(column);
                (left[0], right[0]) = (1.0 - right_part, right_part);
                grid.end_row(row);
                let own = [row, column].map(|pixel| (2 * pixel + 1) * cells / (2 * pixels));
                let most = grid.histograms().iter().copied().fold(0.0, f32::max);
                assert!((grid.histograms().iter().sum::<f32>() - 1.0).abs() < 1e-6);
                assert!(grid.histograms()[own[0] * cells + own[1]] > most - 1e-6);
            }
        }
    }
}
