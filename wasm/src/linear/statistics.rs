//! Sums over rows that add up over any split of them: how many, Σx and Σxxᵀ.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | sum | `[dims]` | f64 |
//! | products | lower triangle by rows, `(i, j ≤ i)` at `i(i + 1)/2 + j` | f64 |
//!
//! The products of a batch are summed in f32, batches in f64: an error grows with a batch, not with the rows of all.

use crate::linear::batch::Batch;
use crate::linear::panels::{LANES, pack_columns, padded};
use crate::linear::product::square;

/// Rows whose products are summed in f32.
const CHUNK: usize = 256;

/// The sums, and scratch for a batch.
pub struct Statistics {
    dims: usize,
    rows: f64,
    sum: Vec<f64>,
    products: Vec<f64>,
    panels: Vec<f32>,
}

impl Statistics {
    /// Sums of no rows.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            rows: 0.0,
            sum: vec![0.0; dims],
            products: vec![0.0; dims * (dims + 1) / 2],
            panels: vec![0.0; padded(dims) * CHUNK],
        }
    }

    /// Rows added so far.
    pub fn rows(&self) -> f64 {
        self.rows
    }

    /// Σx `[dims]`.
    pub fn sum(&self) -> &[f64] {
        &self.sum
    }

    /// The lower triangle of Σxxᵀ.
    pub fn products(&self) -> &[f64] {
        &self.products
    }

    /// Adds the rows of a batch.
    ///
    /// # Panics
    /// When the batch has other dims.
    pub fn add(&mut self, batch: &Batch) {
        assert!(batch.dims() == self.dims);
        for rows in batch.x().chunks(CHUNK * self.dims) {
            self.add_chunk(rows);
        }
    }

    fn add_chunk(&mut self, x: &[f32]) {
        for row in x.chunks_exact(self.dims) {
            for (sum, x) in self.sum.iter_mut().zip(row) {
                *sum += f64::from(*x);
            }
        }
        let rows = x.len() / self.dims;
        self.rows += rows as f64;
        pack_columns(x, self.dims, rows, &mut self.panels);
        let size = rows * LANES;
        for (index, a) in self.panels.chunks_exact(size).take(self.dims.div_ceil(LANES)).enumerate() {
            for (other, b) in self.panels.chunks_exact(size).take(index + 1).enumerate() {
                add_block(&mut self.products, self.dims, index * LANES, a, other * LANES, b);
            }
        }
    }
}

/// Adds the products of a panel of features `first ..` with one of features `other ..`, both `[rows][16]`.
fn add_block(products: &mut [f64], dims: usize, first: usize, a: &[f32], other: usize, b: &[f32]) {
    for (i, sums) in (first..dims).zip(square(a, b).chunks_exact(LANES)) {
        let lanes = LANES.min(i + 1 - other);
        let at = i * (i + 1) / 2 + other;
        for (total, sum) in products[at..at + lanes].iter_mut().zip(sums) {
            *total += f64::from(*sum);
        }
    }
}
