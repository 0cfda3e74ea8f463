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
use crate::linear::product::{Row, TILE, add_tile};
use crate::simd;

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
#[inline(always)]
fn add_block(products: &mut [f64], dims: usize, first: usize, a: &[f32], other: usize, b: &[f32]) {
    assert!(a.len() == b.len());
    for m in (0..LANES.min(dims - first)).step_by(TILE) {
        // SAFETY: both panels have as many rows of 16.
        let tile = unsafe { add_tile([[simd::zero(); 4]; TILE], a.as_ptr().add(m), b.as_ptr(), b.len() / LANES) };
        for (i, row) in (first + m..dims).zip(tile) {
            let lanes = LANES.min(i + 1 - other);
            let at = i * (i + 1) / 2 + other;
            add_row(&mut products[at..at + lanes], row);
        }
    }
}

/// Adds a row of sums to a row of totals, which may be shorter.
#[inline(always)]
fn add_row(totals: &mut [f64], row: Row) {
    if totals.len() < LANES {
        for (total, sum) in totals.iter_mut().zip(row.map(simd::lanes_f32).as_flattened()) {
            *total += f64::from(*sum);
        }
        return;
    }
    for (totals, sums) in totals.chunks_exact_mut(4).zip(row) {
        // SAFETY: a chunk is four totals.
        unsafe {
            let at = totals.as_mut_ptr();
            simd::store(at, simd::add_f64(simd::load(at), simd::promote_low(sums)));
            simd::store(at.add(2), simd::add_f64(simd::load(at.add(2)), simd::promote_high(sums)));
        }
    }
}
