//! A convolutional trunk: a chain of steps on 16-bit activations, from a photo's bytes to its features.
//!
//! Built step by step from a parameter file; every shape is checked against the step before it. A residual is named by
//! the number of the step whose output it is.

use core::ops::Range;

use crate::arena::{Lifetime, plan};
use crate::depthwise::Depthwise;
use crate::gemm::Pointwise;
use crate::pool;
use crate::requantise::Requantise;
use crate::shape::Window;
use crate::stem::Stem;

enum Kernel {
    Stem(Stem),
    Pointwise(Pointwise),
    Depthwise(Depthwise),
}

struct Step {
    kernel: Kernel,
    residual: Option<usize>,
    /// Of the output: rows, columns, channels.
    shape: [usize; 3],
}

/// A trunk under construction, or ready once [`Trunk::finish`] was called.
pub struct Trunk {
    rows: usize,
    columns: usize,
    photo: Vec<u8>,
    steps: Vec<Step>,
    places: Vec<Range<usize>>,
    arena: Vec<i16>,
    scale: f32,
    features: Vec<f32>,
}

impl Trunk {
    /// A trunk for photos of `[rows × columns × 3]` bytes.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            photo: Vec::new(),
            steps: Vec::new(),
            places: Vec::new(),
            arena: Vec::new(),
            scale: 0.0,
            features: Vec::new(),
        }
    }

    /// Appends the stem; a byte enters as `value − offset`.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn stem(
        &mut self,
        kernel: usize,
        stride: usize,
        offset: i16,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        if !self.steps.is_empty() {
            return Err("the stem is not the first step".into());
        }
        let window = Window::same(self.rows, self.columns, kernel, stride)?;
        let outputs = requantise.outputs();
        let stem = Stem::new(window, offset, weights, requantise)?;
        self.push(Kernel::Stem(stem), None, [window.rows_out(), window.columns_out(), outputs])
    }

    /// Appends a pointwise convolution; `residual` is the step whose output is added.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn pointwise(
        &mut self,
        residual: Option<usize>,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        let [rows, columns, inputs] = self.last()?.shape;
        let shape = [rows, columns, requantise.outputs()];
        if let Some(residual) = residual
            && self.steps.get(residual).is_none_or(|step| step.shape != shape)
        {
            return Err(format!("step {residual} is no residual for {shape:?}"));
        }
        let pointwise = Pointwise::new(inputs, weights, requantise)?;
        self.push(Kernel::Pointwise(pointwise), residual, shape)
    }

    /// Appends a depthwise convolution.
    ///
    /// # Errors
    /// A sentence, when shapes do not fit.
    pub fn depthwise(
        &mut self,
        kernel: usize,
        stride: usize,
        weights: &[i16],
        requantise: Requantise,
    ) -> Result<(), String> {
        let [rows, columns, channels] = self.last()?.shape;
        if requantise.outputs() != channels {
            return Err(format!("{channels} channels do not become {}", requantise.outputs()));
        }
        let window = Window::same(rows, columns, kernel, stride)?;
        let depthwise = Depthwise::new(window, weights, requantise)?;
        self.push(Kernel::Depthwise(depthwise), None, [window.rows_out(), window.columns_out(), channels])
    }

    fn push(&mut self, kernel: Kernel, residual: Option<usize>, shape: [usize; 3]) -> Result<(), String> {
        if !self.places.is_empty() {
            return Err("the trunk is finished".into());
        }
        self.steps.push(Step { kernel, residual, shape });
        Ok(())
    }

    /// Ends the trunk with a global average pool and lays out the arena; `scale` turns the last activations to floats.
    ///
    /// # Errors
    /// A sentence, when there is no step.
    pub fn finish(&mut self, scale: f32) -> Result<(), String> {
        let [_, _, channels] = self.last()?.shape;
        let end = self.steps.len();
        let lifetimes: Vec<Lifetime> = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let last = (index + 1..end).rev().find(|&reader| self.steps[reader].residual == Some(index));
                Lifetime {
                    elements: step.shape.iter().product(),
                    first: index,
                    last: last.unwrap_or(index + 1).max(index + 1),
                }
            })
            .collect();
        let (places, size) = plan(&lifetimes);
        self.places = places;
        self.arena = vec![0; size];
        self.photo = vec![0; self.rows * self.columns * 3];
        self.features = vec![0.0; channels];
        self.scale = scale;
        Ok(())
    }

    /// Steps to run, the pool included.
    pub fn steps(&self) -> usize {
        self.steps.len() + 1
    }

    /// Where the photo goes, `[rows × columns × 3]`.
    pub fn photo(&mut self) -> &mut [u8] {
        &mut self.photo
    }

    /// The features of the last run.
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// Runs the steps of a range, all for a photo's features.
    ///
    /// # Panics
    /// When the trunk is not finished.
    pub fn run(&mut self, range: Range<usize>) {
        for index in range {
            if index < self.steps.len() {
                self.run_step(index);
            } else if let (Some(step), Some(place)) = (self.steps.last(), self.places.last()) {
                pool::average(
                    step.shape[0] * step.shape[1],
                    &self.arena[place.clone()],
                    self.scale,
                    &mut self.features,
                );
            }
        }
    }

    fn run_step(&mut self, index: usize) {
        let step = &mut self.steps[index];
        let output = self.places[index].clone();
        match &mut step.kernel {
            Kernel::Stem(stem) => stem.run(&self.photo, &mut self.arena[output]),
            Kernel::Pointwise(pointwise) => {
                let pixels = step.shape[0] * step.shape[1];
                let residual = step.residual.map_or(0..0, |residual| self.places[residual].clone());
                let [input, residual, output] =
                    disjoint(&mut self.arena, [self.places[index - 1].clone(), residual, output]);
                pointwise.run(pixels, input, step.residual.is_some().then_some(residual), output);
            }
            Kernel::Depthwise(depthwise) => {
                let [input, output] = disjoint(&mut self.arena, [self.places[index - 1].clone(), output]);
                depthwise.run(input, output);
            }
        }
    }

    fn last(&self) -> Result<&Step, String> {
        self.steps.last().ok_or_else(|| "the trunk has no stem".into())
    }
}

fn disjoint<const N: usize>(arena: &mut [i16], places: [Range<usize>; N]) -> [&mut [i16]; N] {
    arena.get_disjoint_mut(places).expect("the arena's plan keeps living tensors apart")
}
