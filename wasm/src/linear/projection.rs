//! Features to whitened features, `x̃ = T·(x − mean)`, and classifiers between the two spaces.
//!
//! | array | shape |
//! | --- | --- |
//! | T as given | `[dims × dims]`, row-major, lower triangular |
//! | T as kept | panels of rows, cut at the diagonal: panel p is `[16(p + 1)][16]` |

use crate::linear::batch::Batch;
use crate::linear::panels::{LANES, pack_rows, padded, unpack_columns};
use crate::linear::product::{STEP, add_step};

/// A whitening transform, ready to run.
pub struct Projection {
    dims: usize,
    mean: Vec<f32>,
    panels: Vec<f32>,
    rows: Vec<f32>,
    x: Vec<f32>,
    projected: Vec<f32>,
}

impl Projection {
    /// Packs T, with scratch for `capacity` rows.
    ///
    /// # Panics
    /// When `transform` is not `[dims × dims]`.
    pub fn new(capacity: usize, mean: &[f32], transform: &[f32]) -> Self {
        let dims = mean.len();
        let depth = padded(dims);
        let mut panels = Vec::with_capacity((depth / LANES + 1) * depth / 2 * LANES);
        let mut panel = vec![0.0; depth * LANES];
        for (index, rows) in transform.chunks(dims * LANES).enumerate() {
            pack_rows(rows, dims, depth, &mut panel);
            panels.extend_from_slice(&panel[..(index + 1) * LANES * LANES]);
        }
        let scratch = || vec![0.0; padded(capacity) * depth];
        Self { dims, mean: mean.to_vec(), panels, rows: scratch(), x: vec![0.0; capacity * dims], projected: scratch() }
    }

    /// The panel of rows `16 · index ..` of T, `[16(index + 1)][16]`.
    fn panel(&self, index: usize) -> &[f32] {
        &self.panels[index * (index + 1) / 2 * LANES * LANES..][..(index + 1) * LANES * LANES]
    }

    /// Projects a batch.
    ///
    /// # Panics
    /// When the batches do not fit.
    pub fn project(&mut self, from: &Batch, to: &mut Batch) {
        let (dims, depth) = (self.dims, padded(self.dims));
        assert!(from.dims() == dims && to.dims() == dims);
        let x = &mut self.x[..from.x().len()];
        for (centred, row) in x.chunks_exact_mut(dims).zip(from.x().chunks_exact(dims)) {
            for ((centred, x), mean) in centred.iter_mut().zip(row).zip(&self.mean) {
                *centred = x - mean;
            }
        }
        pack_rows(x, dims, depth, &mut self.rows);
        let rows = padded(from.rows());
        let mut projected = core::mem::take(&mut self.projected);
        for step in (0..depth).step_by(STEP) {
            for (index, z) in projected.chunks_exact_mut(rows * LANES).take(depth / LANES).enumerate() {
                if step < (index + 1) * LANES {
                    add_step(rows, &self.rows, depth, self.panel(index), step, z);
                }
            }
        }
        unpack_columns(&projected, dims, rows, to.fill(from.rows()));
        self.projected = projected;
    }

    /// Classifiers of whitened features as classifiers of features: `w = Tᵀ·w̃`, `b = b̃ + w·mean`; `z = w·x − b`.
    ///
    /// # Panics
    /// When the arrays do not fit together.
    pub fn to_raw(&self, weights: &mut [f32], offsets: &mut [f32]) {
        assert!(weights.len() == offsets.len() * self.dims);
        for (w, b) in weights.chunks_exact_mut(self.dims).zip(offsets) {
            let mut raw = vec![0.0; padded(self.dims)];
            for (j, w) in w.iter().enumerate() {
                let panel = &self.panel(j / LANES)[j % LANES..];
                for (raw, t) in raw.iter_mut().zip(panel.iter().step_by(LANES)) {
                    *raw += f64::from(*w) * f64::from(*t);
                }
            }
            *b = (f64::from(*b) + dot(&raw, &self.mean)) as f32;
            for (w, raw) in w.iter_mut().zip(raw) {
                *w = raw as f32;
            }
        }
    }

    /// The inverse of [`Projection::to_raw`]; weights of constant features go into the offset.
    ///
    /// # Panics
    /// As [`Projection::to_raw`].
    pub fn to_whitened(&self, weights: &mut [f32], offsets: &mut [f32]) {
        assert!(weights.len() == offsets.len() * self.dims);
        for (w, b) in weights.chunks_exact_mut(self.dims).zip(offsets) {
            let mut rest = vec![0.0; padded(self.dims)];
            for (rest, w) in rest.iter_mut().zip(w.iter()) {
                *rest = f64::from(*w);
            }
            *b = (f64::from(*b) - dot(&rest, &self.mean)) as f32;
            for (j, w) in w.iter_mut().enumerate().rev() {
                let panel = &self.panel(j / LANES)[j % LANES..];
                let diagonal = f64::from(panel[j * LANES]);
                let value = if diagonal == 0.0 { 0.0 } else { rest[j] / diagonal };
                for (rest, t) in rest.iter_mut().zip(panel.iter().step_by(LANES)) {
                    *rest -= value * f64::from(*t);
                }
                *w = value as f32;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * f64::from(*b)).sum()
}
