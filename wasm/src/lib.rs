//! The kernels: photos' bytes to features, features to margins, margins and labels to classifiers, in WebAssembly SIMD128.
//!
//! This file only exports. A thread instantiates the module once, builds a [`TrunkKernel`] from a parameter file, and
//! streams class weights through a [`ScoreTile`]. Results are the same bits on every machine. The single kernels
//! run one convolution on copies of their arguments: tests hold them to a plain reference.

pub mod arena;
pub mod depthwise;
pub mod gemm;
pub mod hog;
pub mod linear;
pub mod pool;
pub mod requantise;
pub mod score;
pub mod shape;
pub mod simd;
pub mod stem;
pub mod trunk;

use wasm_bindgen::prelude::*;

/// How a convolution's sums become activations: `clamp(round(sum · multiplier), low, high)`, sums starting at the bias.
#[wasm_bindgen]
pub struct Requantise(requantise::Requantise);

#[wasm_bindgen]
impl Requantise {
    /// Constants for `bias.len()` outputs, a multiple of 8.
    #[wasm_bindgen(constructor)]
    pub fn new(bias: &[i32], multiplier: &[f32], low: i16, high: i16) -> Result<Self, String> {
        requantise::Requantise::new(bias, multiplier, low, high).map(Self)
    }
}

/// A convolutional trunk, built step by step; errors are sentences.
#[wasm_bindgen]
pub struct TrunkKernel(trunk::Trunk);

#[wasm_bindgen]
impl TrunkKernel {
    /// A trunk for photos of `[rows × columns × 3]` bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(rows: usize, columns: usize) -> Self {
        Self(trunk::Trunk::new(rows, columns))
    }

    /// Appends the stem: weights `[outputs × kernel × kernel × 3]`, a byte enters as `value − offset`.
    pub fn stem(
        &mut self,
        kernel: usize,
        stride: usize,
        offset: i16,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        self.0.stem(kernel, stride, offset, weights, requantise.0)
    }

    /// Appends a pointwise convolution: weights `[outputs × inputs]`; `residual` is the step whose output is added.
    pub fn pointwise(
        &mut self,
        residual: Option<usize>,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        self.0.pointwise(residual, weights, requantise.0)
    }

    /// Appends a depthwise convolution: weights `[kernel × kernel × channels]`.
    pub fn depthwise(
        &mut self,
        kernel: usize,
        stride: usize,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        self.0.depthwise(kernel, stride, weights, requantise.0)
    }

    /// Ends the trunk with a global average pool and makes it ready; returns its steps, the pool included.
    pub fn finish(&mut self, scale: f32) -> Result<usize, String> {
        self.0.finish(scale)?;
        Ok(self.0.steps())
    }

    /// Where to write the photo, `[rows × columns × 3]` bytes of linear memory.
    pub fn photo(&mut self) -> *mut u8 {
        self.0.photo().as_mut_ptr()
    }

    /// Runs steps `from .. to`.
    pub fn run(&mut self, from: usize, to: usize) {
        self.0.run(from..to);
    }

    /// Where the features are after the last step.
    pub fn features(&self) -> *const f32 {
        self.0.features().as_ptr()
    }

    /// How many features there are.
    pub fn dims(&self) -> usize {
        self.0.features().len()
    }
}

/// HOG + HSV features, without parameters.
#[wasm_bindgen]
pub struct HogKernel(hog::Hog);

#[wasm_bindgen]
#[allow(clippy::new_without_default)] // JavaScript has no defaults.
impl HogKernel {
    /// Room for a photo and its features.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self(hog::Hog::default())
    }

    /// Where to write the photo, `[128 × 128 × 3]` bytes of linear memory.
    pub fn photo(&mut self) -> *mut u8 {
        self.0.photo().as_mut_ptr()
    }

    /// Describes the photo.
    pub fn run(&mut self) {
        self.0.run();
    }

    /// Where the features are after [`HogKernel::run`], `[2,400]`.
    pub fn features(&self) -> *const f32 {
        self.0.features().as_ptr()
    }
}

/// Scores a batch of photos.
#[wasm_bindgen]
pub struct Scorer(score::Scorer);

#[wasm_bindgen]
#[allow(clippy::new_without_default)] // JavaScript has no defaults.
impl Scorer {
    /// Room for no photos yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self(score::Scorer::default())
    }

    /// Takes photos: bytes `[photos × dims]`, scales `[photos × 2]`.
    pub fn begin(&mut self, dims: usize, values: &[u8], scales: &[f32], classes: usize) {
        self.0.begin(dims, values, scales, classes);
    }

    /// Scores them by classes from `first` on: `[classes / 8][⌈dims / 2⌉][8][2]`, constants `[classes / 8][3][8]`.
    pub fn score(&mut self, first: usize, panels: &[i16], constants: &[f32]) {
        self.0.score(first, panels, constants);
    }

    /// Where the margins are, `[photos × classes]`.
    pub fn margins(&self) -> *const f32 {
        self.0.margins().as_ptr()
    }
}

/// A square sliding window with TensorFlow's SAME padding.
#[wasm_bindgen]
pub struct Window(shape::Window);

#[wasm_bindgen]
impl Window {
    /// A `kernel × kernel` window over `rows × columns`, `stride` apart.
    #[wasm_bindgen(constructor)]
    pub fn same(rows: usize, columns: usize, kernel: usize, stride: usize) -> Result<Self, String> {
        shape::Window::same(rows, columns, kernel, stride).map(Self)
    }
}

/// The stem kernel alone, on a photo `[rows × columns × 3]`.
#[wasm_bindgen]
pub fn stem(
    photo: &[u8],
    window: &Window,
    offset: i16,
    weights: &[i16],
    requantise: Requantise,
) -> Result<Vec<i16>, String> {
    let mut output = vec![0; window.0.rows_out() * window.0.columns_out() * requantise.0.outputs()];
    stem::Stem::new(window.0, offset, weights, requantise.0)?.run(photo, &mut output);
    Ok(output)
}

/// The pointwise kernel alone, on `[pixels × inputs]`.
#[wasm_bindgen]
pub fn pointwise(
    input: &[i16],
    inputs: usize,
    residual: Option<Vec<i16>>,
    weights: &[i16],
    requantise: Requantise,
) -> Result<Vec<i16>, String> {
    let pixels = input.len() / inputs.max(1);
    let mut output = vec![0; pixels * requantise.0.outputs()];
    gemm::Pointwise::new(inputs, weights, requantise.0)?.run(pixels, input, residual.as_deref(), &mut output);
    Ok(output)
}

/// The depthwise kernel alone, on `[rows × columns × channels]`.
#[wasm_bindgen]
pub fn depthwise(input: &[i16], window: &Window, weights: &[i16], requantise: Requantise) -> Result<Vec<i16>, String> {
    let mut output = vec![0; window.0.rows_out() * window.0.columns_out() * requantise.0.outputs()];
    depthwise::Depthwise::new(window.0, weights, requantise.0)?.run(input, &mut output);
    Ok(output)
}

/// The pool kernel alone, on `[pixels × channels]`.
#[wasm_bindgen]
pub fn average(input: &[i16], channels: usize, scale: f32) -> Vec<f32> {
    let mut features = vec![0.0; channels];
    pool::average(input.len() / channels.max(1), input, scale, &mut features);
    features
}

// Learning of linear classifiers.

/// A batch of rows of features, f32.
#[wasm_bindgen]
pub struct LinearBatch(linear::batch::Batch);

#[wasm_bindgen]
impl LinearBatch {
    /// Room for `capacity` rows of `dims` features.
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: usize, dims: usize) -> Self {
        Self(linear::batch::Batch::new(capacity, dims))
    }

    /// Takes rows of bytes: `x = offset + scale · value`, with `scales` `[rows × 2]`.
    pub fn dequantise(&mut self, values: &[u8], scales: &[f32]) {
        self.0.dequantise(values, scales);
    }

    /// Takes `rows` rows into use: where to write them, `[rows × dims]`.
    pub fn fill(&mut self, rows: usize) -> *mut f32 {
        self.0.fill(rows).as_mut_ptr()
    }

    /// Whether all numbers of the rows in use are finite.
    pub fn is_finite(&self) -> bool {
        self.0.is_finite()
    }

    /// Where the rows in use are.
    pub fn x(&self) -> *const f32 {
        self.0.x().as_ptr()
    }

    /// Rows in use.
    pub fn rows(&self) -> usize {
        self.0.rows()
    }
}

/// Sums over rows: how many, Σx, and the lower triangle of Σxxᵀ.
#[wasm_bindgen]
pub struct LinearStatistics(linear::statistics::Statistics);

#[wasm_bindgen]
impl LinearStatistics {
    /// Sums of no rows.
    #[wasm_bindgen(constructor)]
    pub fn new(dims: usize) -> Self {
        Self(linear::statistics::Statistics::new(dims))
    }

    /// Adds the rows of a batch.
    pub fn add(&mut self, batch: &LinearBatch) {
        self.0.add(&batch.0);
    }

    /// Rows added so far.
    pub fn rows(&self) -> f64 {
        self.0.rows()
    }

    /// Where Σx is, `[dims]`.
    pub fn sum(&self) -> *const f64 {
        self.0.sum().as_ptr()
    }

    /// Where the triangle is, `[dims · (dims + 1) / 2]`.
    pub fn products(&self) -> *const f64 {
        self.0.products().as_ptr()
    }
}

/// The mean and the triangular transform that give features of covariance 1.
#[wasm_bindgen]
pub struct LinearWhitening(linear::whitening::Whitening);

#[wasm_bindgen]
impl LinearWhitening {
    /// From sums over rows. The error is the feature at which the correlation is not positive definite.
    #[wasm_bindgen(constructor)]
    pub fn new(rows: f64, sum: &[f64], products: Vec<f64>, shrinkage: f64) -> Result<Self, usize> {
        linear::whitening::Whitening::new(rows, sum, products, shrinkage).map(Self)
    }

    /// Where the means are, `[dims]`.
    pub fn mean(&self) -> *const f32 {
        self.0.mean.as_ptr()
    }

    /// Where the transform is, `[dims × dims]`.
    pub fn transform(&self) -> *const f32 {
        self.0.transform.as_ptr()
    }
}

/// A whitening transform, ready to run.
#[wasm_bindgen]
pub struct LinearProjection(linear::projection::Projection);

#[wasm_bindgen]
impl LinearProjection {
    /// Packs a transform `[dims × dims]`, with scratch for `capacity` rows.
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: usize, mean: &[f32], transform: &[f32]) -> Self {
        Self(linear::projection::Projection::new(capacity, mean, transform))
    }

    /// Projects a batch into another.
    pub fn project(&mut self, from: &LinearBatch, to: &mut LinearBatch) {
        self.0.project(&from.0, &mut to.0);
    }

    /// Classifiers `[classes × dims]`, `[classes]` of whitened features to classifiers of features, in place.
    pub fn to_raw(&self, weights: &mut [f32], offsets: &mut [f32]) {
        self.0.to_raw(weights, offsets);
    }

    /// Classifiers of features to classifiers of whitened features, in place.
    pub fn to_whitened(&self, weights: &mut [f32], offsets: &mut [f32]) {
        self.0.to_whitened(weights, offsets);
    }
}

/// A block of classes that learns.
#[wasm_bindgen]
pub struct LinearLearner(linear::learner::Learner);

#[wasm_bindgen]
impl LinearLearner {
    /// Classifiers at zero, with room for batches of `capacity` rows.
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: usize, dims: usize, classes: usize) -> Self {
        Self(linear::learner::Learner::new(capacity, dims, classes))
    }

    /// Sets the classifiers: weights `[classes × dims]`, offsets `[classes]`.
    pub fn load(&mut self, weights: &[f32], offsets: &[f32]) {
        self.0.load(weights, offsets);
    }

    /// Sets the averages.
    pub fn load_averages(&mut self, weights: &[f32], offsets: &[f32]) {
        self.0.load_averages(weights, offsets);
    }

    /// The weights, or their averages, `[classes × dims]`.
    pub fn weights(&self, averages: bool) -> Vec<f32> {
        self.0.weights(averages)
    }

    /// The offsets, or their averages, `[classes]`.
    pub fn offsets(&self, averages: bool) -> Vec<f32> {
        self.0.offsets(averages).to_vec()
    }

    /// Sets what a positive and a negative of each class weigh, `[classes × 2]`.
    pub fn weigh(&mut self, weights: &[f32]) {
        self.0.weigh(weights);
    }

    /// Where to write the step size of each class, `[classes]`.
    pub fn rates(&mut self) -> *mut f32 {
        self.0.rates().as_mut_ptr()
    }

    /// Where to write the targets of the next batch, `[rows × classes]`.
    pub fn targets(&mut self) -> *mut i8 {
        self.0.targets().as_mut_ptr()
    }

    /// Whether the targets of `rows` rows are 1, −1 or 0.
    pub fn has_targets(&self, rows: usize) -> bool {
        self.0.has_targets(rows)
    }

    /// Where the objective of each class is after a step, `[classes]`.
    pub fn losses(&self) -> *const f32 {
        self.0.losses().as_ptr()
    }

    /// Margins `[rows × classes]` of a batch, by the weights or their averages.
    pub fn margins(&mut self, batch: &LinearBatch, averages: bool) -> Vec<f32> {
        self.0.margins(&batch.0, averages)
    }

    /// Learns from a batch and its targets.
    pub fn step(&mut self, batch: &LinearBatch, decay: f32, normaliser: f32, averaging: f32) {
        self.0.step(&batch.0, linear::learner::Step { decay, normaliser, averaging });
    }
}
