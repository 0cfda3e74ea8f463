//! Features to whitened features, `x̃ = T·(x − mean)`, and classifiers between the two spaces.
//!
//! | array | shape |
//! | --- | --- |
//! | T as given | `[dims × dims]`, row-major, lower triangular |
//! | T as kept | panels of rows, cut at the diagonal: panel p is `[16(p + 1)][16]` |

use core::array::from_fn;

use crate::linear::batch::Batch;
use crate::linear::panels::{LANES, pack_rows, padded, unpack_columns};
use crate::linear::product::{STEP, add_step};
use crate::simd;

/// A number for each of 16 classes.
type Lanes = [f64; LANES];

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
        for (weights, offsets) in weights.chunks_mut(LANES * self.dims).zip(offsets.chunks_mut(LANES)) {
            let whitened = self.lanes_of(weights);
            let raw: Vec<Lanes> = (0..self.dims).map(|d| self.column_dot(d, &whitened)).collect();
            self.give_back(&raw, weights);
            self.move_offsets(&raw, offsets, 1.0);
        }
    }

    /// The inverse of [`Projection::to_raw`]; weights of constant features go into the offset.
    ///
    /// # Panics
    /// As [`Projection::to_raw`].
    pub fn to_whitened(&self, weights: &mut [f32], offsets: &mut [f32]) {
        assert!(weights.len() == offsets.len() * self.dims);
        for (weights, offsets) in weights.chunks_mut(LANES * self.dims).zip(offsets.chunks_mut(LANES)) {
            let raw = self.lanes_of(weights);
            let mut whitened = vec![[0.0; LANES]; padded(self.dims)];
            for (d, raw) in raw.iter().enumerate().take(self.dims).rev() {
                // Of column d, what is above the diagonal is zero, and w̃[d] is still zero.
                let known = self.column_dot(d, &whitened);
                let diagonal = f64::from(self.panel(d / LANES)[d * LANES + d % LANES]);
                if diagonal != 0.0 {
                    whitened[d] = from_fn(|lane| (raw[lane] - known[lane]) / diagonal);
                }
            }
            self.give_back(&whitened, weights);
            self.move_offsets(&raw, offsets, -1.0);
        }
    }

    /// `Σⱼ T[j][column] · w[j]` for each of 16 classes, by rising j.
    fn column_dot(&self, column: usize, w: &[Lanes]) -> Lanes {
        let mut sums = [simd::zero(); LANES / 2];
        let first = column / LANES;
        for (index, w) in w.chunks_exact(LANES).enumerate().skip(first) {
            let t = &self.panel(index)[column * LANES..][..LANES];
            for (t, w) in t.iter().zip(w) {
                let t = simd::splat_f64(f64::from(*t));
                for (i, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: `w` has 16 lanes.
                    let w = unsafe { simd::load(w.as_ptr().add(2 * i)) };
                    *sum = simd::add_f64(*sum, simd::mul_f64(t, w));
                }
            }
        }
        let sums = sums.map(simd::lanes_f64);
        from_fn(|lane| sums[lane / 2][lane % 2])
    }

    /// Weights `[classes × dims]` of up to 16 classes, by dimension; dimensions come in whole panels.
    fn lanes_of(&self, weights: &[f32]) -> Vec<Lanes> {
        let mut lanes = vec![[0.0; LANES]; padded(self.dims)];
        for (class, weights) in weights.chunks_exact(self.dims).enumerate() {
            for (lanes, w) in lanes.iter_mut().zip(weights) {
                lanes[class] = f64::from(*w);
            }
        }
        lanes
    }

    fn give_back(&self, lanes: &[Lanes], weights: &mut [f32]) {
        for (class, weights) in weights.chunks_exact_mut(self.dims).enumerate() {
            for (w, lanes) in weights.iter_mut().zip(lanes) {
                *w = lanes[class] as f32;
            }
        }
    }

    /// Adds `sign · (w · mean)` to the offset of each class.
    fn move_offsets(&self, raw: &[Lanes], offsets: &mut [f32], sign: f64) {
        for (class, b) in offsets.iter_mut().enumerate() {
            let dot: f64 = raw.iter().zip(&self.mean).map(|(raw, mean)| raw[class] * f64::from(*mean)).sum();
            *b = (f64::from(*b) + sign * dot) as f32;
        }
    }
}
