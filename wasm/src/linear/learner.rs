//! Linear classifiers of one-vs-rest, learned by mini-batches: the squared hinge, `Σ weight · max(0, 1 − y·z)²`.
//!
//! | array | shape | |
//! | --- | --- | --- |
//! | weights, averages | panels of classes `[⌈classes / 16⌉][depth][16]` | depth is dims in whole panels |
//! | offsets and all else a class has | `[classes]` in whole panels | |
//! | targets | `[rows × classes]` i8: 1, −1, 0 for unlabelled | |
//!
//! Margins are `z = w·x − b`. With the coefficients `e = weight · y · max(0, 1 − y·z)`, the gradient (halved, and turned
//! downhill) is `Σ e·x` for w and `−Σ e` for b.

use crate::linear::batch::Batch;
use crate::linear::panels::{LANES, pack_columns, pack_rows, padded, unpack_columns, unpack_rows};
use crate::linear::product::{Row, STEP, add_step, load_row, square, store_row};
use crate::simd::{self, Vector};

/// How a step changes the classifiers.
#[derive(Clone, Copy)]
pub struct Step {
    /// λ: what is taken off a weight, by step size.
    pub decay: f32,
    /// What the sums of a batch are divided by.
    pub normaliser: f32,
    /// How far the averages follow: 1/t gives the mean of t steps, 0 leaves them.
    pub averaging: f32,
}

/// [`Step`] for four classes.
#[derive(Clone, Copy)]
struct Update {
    keep: Vector,
    gain: Vector,
    averaging: Vector,
}

impl Update {
    fn new(step: Step, rates: Vector) -> Self {
        Self {
            keep: simd::sub_f32(simd::splat_f32(1.0), simd::mul_f32(rates, simd::splat_f32(step.decay))),
            gain: simd::mul_f32(rates, simd::splat_f32(1.0 / step.normaliser)),
            averaging: simd::splat_f32(step.averaging),
        }
    }

    /// The update rule: a weight and its average, given the gradient.
    #[inline(always)]
    fn apply(self, weight: Vector, average: Vector, gradient: Vector) -> (Vector, Vector) {
        let weight = simd::add_f32(simd::mul_f32(self.keep, weight), simd::mul_f32(self.gain, gradient));
        let ahead = simd::sub_f32(weight, average);
        (weight, simd::add_f32(average, simd::mul_f32(self.averaging, ahead)))
    }
}

/// A block of classes, their averages, and scratch for a batch.
pub struct Learner {
    classes: usize,
    dims: usize,
    weights: Vec<f32>,
    averages: Vec<f32>,
    offsets: Vec<f32>,
    average_offsets: Vec<f32>,
    positive: Vec<f32>,
    negative: Vec<f32>,
    rates: Vec<f32>,
    losses: Vec<f32>,
    targets: Vec<i8>,
    margins: Vec<f32>,
    rows: Vec<f32>,
    columns: Vec<f32>,
}

impl Learner {
    /// Classifiers at zero, with room for batches of `capacity` rows.
    pub fn new(capacity: usize, dims: usize, classes: usize) -> Self {
        let (many, depth) = (padded(classes), padded(dims));
        let each = || vec![0.0; many];
        Self {
            classes,
            dims,
            weights: vec![0.0; many * depth],
            averages: vec![0.0; many * depth],
            offsets: each(),
            average_offsets: each(),
            positive: each(),
            negative: each(),
            rates: each(),
            losses: each(),
            targets: vec![0; capacity * classes + LANES],
            margins: vec![0.0; padded(capacity) * many],
            rows: vec![0.0; padded(capacity) * depth],
            columns: vec![0.0; padded(capacity) * depth],
        }
    }

    /// Sets the classifiers: weights `[classes × dims]`, offsets `[classes]`.
    ///
    /// # Panics
    /// When the arrays do not fit.
    pub fn load(&mut self, weights: &[f32], offsets: &[f32]) {
        pack_rows(weights, self.dims, padded(self.dims), &mut self.weights);
        self.offsets[..self.classes].copy_from_slice(offsets);
    }

    /// Sets the averages, as [`Learner::load`].
    ///
    /// # Panics
    /// When the arrays do not fit.
    pub fn load_averages(&mut self, weights: &[f32], offsets: &[f32]) {
        pack_rows(weights, self.dims, padded(self.dims), &mut self.averages);
        self.average_offsets[..self.classes].copy_from_slice(offsets);
    }

    /// The weights, or their averages, `[classes × dims]`.
    pub fn weights(&self, averages: bool) -> Vec<f32> {
        let mut weights = vec![0.0; self.classes * self.dims];
        let panels = if averages { &self.averages } else { &self.weights };
        unpack_rows(panels, self.dims, padded(self.dims), &mut weights);
        weights
    }

    /// The offsets, or their averages, `[classes]`.
    pub fn offsets(&self, averages: bool) -> &[f32] {
        let offsets = if averages { &self.average_offsets } else { &self.offsets };
        &offsets[..self.classes]
    }

    /// Sets what a positive and a negative of each class weigh, `[classes × 2]`.
    ///
    /// # Panics
    /// When the array does not fit.
    pub fn weigh(&mut self, weights: &[f32]) {
        assert!(weights.len() == 2 * self.classes);
        for (class, pair) in weights.chunks_exact(2).enumerate() {
            self.positive[class] = pair[0];
            self.negative[class] = pair[1];
        }
    }

    /// Where to write the step size of each class, `[classes]`.
    pub fn rates(&mut self) -> &mut [f32] {
        &mut self.rates[..self.classes]
    }

    /// Where to write the targets of the next batch, `[rows × classes]`.
    pub fn targets(&mut self) -> &mut [i8] {
        &mut self.targets
    }

    /// Whether the targets of `rows` rows are 1, −1 or 0.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn has_targets(&self, rows: usize) -> bool {
        self.targets[..rows * self.classes].iter().fold(0, |most, y| y.unsigned_abs().max(most)) <= 1
    }

    /// The objective of each class on the last batch, before its step, `[classes]`.
    pub fn losses(&self) -> &[f32] {
        &self.losses[..self.classes]
    }

    /// Margins `[rows × classes]` of a batch, by the weights or their averages.
    ///
    /// # Panics
    /// When the batch does not fit.
    pub fn margins(&mut self, batch: &Batch, averages: bool) -> Vec<f32> {
        self.compute_margins(batch, averages);
        let mut margins = vec![0.0; batch.rows() * self.classes];
        unpack_columns(&self.margins, self.classes, padded(batch.rows()), &mut margins);
        margins
    }

    /// Learns from a batch and its targets.
    ///
    /// # Panics
    /// When the batch does not fit.
    pub fn step(&mut self, batch: &Batch, step: Step) {
        self.compute_margins(batch, false);
        let rows = padded(batch.rows());
        pack_columns(batch.x(), self.dims, rows, &mut self.columns);
        for first in (0..padded(self.classes)).step_by(LANES) {
            let sums = self.coefficients(first, batch.rows());
            self.descend(first, rows, sums, step);
        }
    }

    fn compute_margins(&mut self, batch: &Batch, averages: bool) {
        assert!(batch.dims() == self.dims);
        let (rows, depth) = (padded(batch.rows()), padded(self.dims));
        pack_rows(batch.x(), self.dims, depth, &mut self.rows);
        let (weights, offsets) =
            if averages { (&self.averages, &self.average_offsets) } else { (&self.weights, &self.offsets) };
        for from in (0..depth).step_by(STEP) {
            for (z, panel) in self.margins.chunks_exact_mut(rows * LANES).zip(weights.chunks_exact(depth * LANES)) {
                add_step(rows, &self.rows, depth, panel, from, z);
            }
        }
        for (z, offsets) in self.margins.chunks_exact_mut(rows * LANES).zip(offsets.chunks_exact(LANES)) {
            for z in z.chunks_exact_mut(LANES) {
                for (z, offset) in z.iter_mut().zip(offsets) {
                    *z -= offset;
                }
            }
        }
    }

    /// Turns the margins of a panel of classes into coefficients; their sums by class.
    fn coefficients(&mut self, first: usize, rows: usize) -> [Vector; 4] {
        let z = &mut self.margins[first * padded(rows)..][..padded(rows) * LANES];
        assert!(rows == 0 || (rows - 1) * self.classes + first + LANES <= self.targets.len());
        let (mut sums, mut losses): ([Vector; 4], [Vector; 4]) = ([simd::zero(); 4], [simd::zero(); 4]);
        // SAFETY: a class' panel is whole in every array, as is checked above for the targets.
        unsafe {
            let (positive, negative) =
                (load_row(self.positive.as_ptr().add(first)), load_row(self.negative.as_ptr().add(first)));
            for (row, z) in z.chunks_exact_mut(LANES).enumerate() {
                if row >= rows {
                    z.fill(0.0);
                    continue;
                }
                let y = load_targets(self.targets.as_ptr().add(row * self.classes + first));
                let mut e = load_row(z.as_ptr());
                for i in 0..4 {
                    let miss = simd::sub_f32(simd::splat_f32(1.0), simd::mul_f32(y[i], e[i]));
                    let hinge = simd::max_f32(miss, simd::zero());
                    let weight = simd::add_f32(
                        simd::mul_f32(positive[i], simd::max_f32(y[i], simd::zero())),
                        simd::mul_f32(negative[i], simd::min_f32(y[i], simd::zero())),
                    );
                    e[i] = simd::mul_f32(weight, hinge);
                    sums[i] = simd::add_f32(sums[i], e[i]);
                    losses[i] = simd::add_f32(losses[i], simd::mul_f32(simd::mul_f32(e[i], y[i]), hinge));
                }
                store_row(z.as_mut_ptr(), e);
            }
            store_row(self.losses[first..first + LANES].as_mut_ptr(), losses);
        }
        sums
    }

    /// Applies the update rule to a panel of classes.
    fn descend(&mut self, first: usize, rows: usize, sums: [Vector; 4], step: Step) {
        let depth = padded(self.dims);
        let e = &self.margins[first * rows..][..rows * LANES];
        // SAFETY: `rates` are in whole panels, and `first` begins one.
        let rates = unsafe { load_row(self.rates[first..].as_ptr()) };
        let update = rates.map(|rates| Update::new(step, rates));
        let weights = self.weights[first * depth..].chunks_exact_mut(LANES);
        let averages = self.averages[first * depth..].chunks_exact_mut(LANES);
        let mut cells = weights.zip(averages);
        for x in self.columns[..rows * depth].chunks_exact(rows * LANES) {
            for (gradient, (weights, averages)) in square(x, e).chunks_exact(LANES).zip(&mut cells) {
                // SAFETY: all three are 16 floats.
                unsafe { update_row(&update, weights.as_mut_ptr(), averages.as_mut_ptr(), load_row(gradient.as_ptr())) }
            }
        }
        let offset_update = rates.map(|rates| Update::new(Step { decay: 0.0, ..step }, rates));
        let sums = sums.map(|sum| simd::sub_f32(simd::zero(), sum));
        // SAFETY: offsets are in whole panels, too.
        unsafe {
            update_row(
                &offset_update,
                self.offsets[first..].as_mut_ptr(),
                self.average_offsets[first..].as_mut_ptr(),
                sums,
            );
        }
    }
}

/// # Safety
/// 16 floats from `weights` and `averages` are there.
#[inline(always)]
unsafe fn update_row(update: &[Update; 4], weights: *mut f32, averages: *mut f32, gradient: Row) {
    unsafe {
        let (mut w, mut a) = (load_row(weights), load_row(averages));
        for i in 0..4 {
            (w[i], a[i]) = update[i].apply(w[i], a[i], gradient[i]);
        }
        store_row(weights, w);
        store_row(averages, a);
    }
}

/// 16 targets as floats.
///
/// # Safety
/// 16 bytes from `at` are readable.
#[inline(always)]
unsafe fn load_targets(at: *const i8) -> Row {
    let (low, high) = unsafe { (simd::load_signed_bytes(at), simd::load_signed_bytes(at.add(8))) };
    [simd::widen_low(low), simd::widen_high(low), simd::widen_low(high), simd::widen_high(high)].map(simd::to_f32)
}
