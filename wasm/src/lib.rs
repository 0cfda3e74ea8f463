//! The feature kernel: photos' bytes to features, features to margins, in WebAssembly SIMD128.
//!
//! This file only exports. A thread instantiates the module once, builds a [`TrunkKernel`] from a parameter file, and
//! streams class weights through a [`ScoreTile`]. Results are the same bits on every machine. The single kernels at the
//! end run one convolution on copies of their arguments: tests hold them to a plain reference.

pub mod arena;
pub mod depthwise;
pub mod gemm;
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

/// Memory for scoring: a batch's features, one tile of classes, and the tile's margins.
#[wasm_bindgen]
pub struct ScoreTile {
    dims: usize,
    stride: usize,
    x: Vec<f32>,
    weights: Vec<f32>,
    offsets: Vec<f32>,
    margins: Vec<f32>,
}

#[wasm_bindgen]
impl ScoreTile {
    /// Room for `photos × dims` features and `classes` rows of `stride` floats.
    #[wasm_bindgen(constructor)]
    pub fn new(photos: usize, dims: usize, stride: usize, classes: usize) -> Self {
        Self {
            dims,
            stride,
            x: vec![0.0; photos * dims],
            weights: vec![0.0; classes * stride],
            offsets: vec![0.0; classes],
            margins: vec![0.0; photos * classes],
        }
    }

    /// Where to write the features, `[photos × dims]`.
    pub fn x(&mut self) -> *mut f32 {
        self.x.as_mut_ptr()
    }

    /// Where to write the tile's weights, `[classes × stride]`.
    pub fn weights(&mut self) -> *mut f32 {
        self.weights.as_mut_ptr()
    }

    /// Where to write the tile's offsets, `[classes]`.
    pub fn offsets(&mut self) -> *mut f32 {
        self.offsets.as_mut_ptr()
    }

    /// Where the margins are after [`ScoreTile::run`], `[photos × classes]`.
    pub fn margins(&self) -> *const f32 {
        self.margins.as_ptr()
    }

    /// Scores the first `photos` photos against the first `classes` classes; margins lie `classes` apart.
    pub fn run(&mut self, photos: usize, classes: usize) {
        let tile = score::Tile { weights: &self.weights, stride: self.stride, offsets: &self.offsets[..classes] };
        tile.margins(&self.x[..photos * self.dims], self.dims, &mut self.margins[..photos * classes], classes);
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
