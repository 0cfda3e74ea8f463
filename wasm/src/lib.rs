//! The feature kernel: photos' bytes to features, features to margins, in WebAssembly SIMD128.
//!
//! This file only exports. A thread instantiates the module once, builds a [`TrunkKernel`] from a parameter file, and
//! streams class weights through a [`ScoreTile`]. Results are the same bits on every machine.

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

use requantise::Requantise;
use wasm_bindgen::prelude::*;

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
    #[allow(clippy::too_many_arguments)]
    pub fn stem(
        &mut self,
        kernel: usize,
        stride: usize,
        outputs: usize,
        offset: i16,
        weights: &[i16],
        bias: &[i32],
        multiplier: &[f32],
        low: i16,
        high: i16,
    ) -> Result<(), String> {
        let requantise = Requantise::new(outputs, bias, multiplier, low, high)?;
        self.0.stem(kernel, stride, outputs, offset, weights, requantise)
    }

    /// Appends a pointwise convolution: weights `[outputs × inputs]`; `residual` is the step whose output is added.
    #[allow(clippy::too_many_arguments)]
    pub fn pointwise(
        &mut self,
        outputs: usize,
        residual: Option<usize>,
        weights: &[i16],
        bias: &[i32],
        multiplier: &[f32],
        low: i16,
        high: i16,
    ) -> Result<(), String> {
        let requantise = Requantise::new(outputs, bias, multiplier, low, high)?;
        self.0.pointwise(outputs, residual, weights, requantise)
    }

    /// Appends a depthwise convolution: weights `[kernel × kernel × channels]`.
    #[allow(clippy::too_many_arguments)]
    pub fn depthwise(
        &mut self,
        kernel: usize,
        stride: usize,
        weights: &[i16],
        bias: &[i32],
        multiplier: &[f32],
        low: i16,
        high: i16,
    ) -> Result<(), String> {
        let requantise = Requantise::new(bias.len(), bias, multiplier, low, high)?;
        self.0.depthwise(kernel, stride, weights, requantise)
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
        let tile = score::Tile {
            weights: &self.weights,
            stride: self.stride,
            offsets: &self.offsets[..classes],
        };
        tile.margins(
            &self.x[..photos * self.dims],
            self.dims,
            &mut self.margins[..photos * classes],
            classes,
        );
    }
}
