import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initSync, Requantise, Scorer, TrunkKernel, type InitOutput } from '#kernel';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Extractor } from './extractor.ts';
import type { ParameterFile, StepHeader, StepParameters } from './parameter-file.ts';
import type { QuantisedRows } from './quantised-features.ts';
import { panelClasses, panelConstants, panelLength, type QuantisedWeights } from './quantised-weights.ts';

/** Panels of classes that are copied to the kernel at once: 8 of 1,280 dims are 160 KiB. */
const tilePanels = 8;
/** Photos that share them; more go in groups. */
const groupPhotos = 64;

/** A thread's instance of the WebAssembly kernel, with linear memory of its own. */
export class Kernel {
  readonly #memory: WebAssembly.Memory;
  readonly #scorer: Scorer;

  private constructor({ memory }: InitOutput) {
    this.#memory = memory;
    this.#scorer = new Scorer();
  }

  /** This thread's linear memory; its buffer is another one after it has grown. */
  get memory(): WebAssembly.Memory {
    return this.#memory;
  }

  /** Compiles the module: once, in the main thread; modules can be sent to threads. */
  static async compile(): Promise<WebAssembly.Module> {
    const file = createRequire(import.meta.url).resolve('#kernel.wasm');
    return WebAssembly.compile(await readFile(file));
  }

  /** Instantiates the module: once in each thread. */
  static instantiate(module: WebAssembly.Module): Kernel {
    return new Kernel(initSync({ module }));
  }

  /**
   * Loads an extractor into this thread's memory; the header says which.
   *
   * @param file - what faults call it
   * @throws Fault `WEIGHTS_DAMAGED` when the steps do not fit together
   */
  loadExtractor(parameters: ParameterFile, file = 'the parameter file'): TrunkExtractor {
    try {
      return new TrunkExtractor(this.#memory, parameters);
    } catch (error) {
      throw new Fault('WEIGHTS_DAMAGED', { file, reason: reasonOf(error) }, error);
    }
  }

  /**
   * Margins `z = w · x − b`, `Float32Array [photos × classes]`; the weights are streamed through this thread's memory. A class
   * scores the same bits whatever else is in the block or the batch.
   *
   * @throws Fault `REQUEST_INVALID` when the shapes do not fit
   */
  margins({ values, scales }: QuantisedRows, block: QuantisedWeights): Float32Array {
    checkShapes(values, scales, block);
    const { classes, dims, panels, constants } = block;
    const photos = scales.length / 2;
    const length = panelLength(dims);
    const z = new Float32Array(photos * classes);
    for (let photo = 0; photo < photos; photo += groupPhotos) {
      const end = Math.min(photo + groupPhotos, photos);
      const group = values.subarray(photo * dims, end * dims);
      this.#scorer.begin(dims, group, scales.subarray(2 * photo, 2 * end), classes);
      for (let panel = 0; panel * panelClasses < classes; panel += tilePanels) {
        const to = panel + tilePanels;
        const weights = panels.subarray(panel * length, to * length);
        const own = constants.subarray(panel * panelConstants, to * panelConstants);
        this.#scorer.score(panel * panelClasses, weights, own);
      }
      const margins = new Float32Array(this.#memory.buffer, this.#scorer.margins(), (end - photo) * classes);
      z.set(margins, photo * classes);
    }
    return z;
  }
}

function checkShapes(values: Uint8Array, scales: Float32Array, block: QuantisedWeights): void {
  const { classes, dims, panels, constants } = block;
  const count = Math.ceil(classes / panelClasses);
  const fits =
    dims >= 1 &&
    values.length === (scales.length / 2) * dims &&
    panels.length === count * panelLength(dims) &&
    constants.length === count * panelConstants;
  if (fits) return;
  throw new Fault('REQUEST_INVALID', {
    reason: `${String(values.length)} features do not fit a block of ${String(classes)} × ${String(dims)}`,
  });
}

/** How long a step of a trunk took. */
export interface StepTime {
  readonly kind: StepHeader['kind'] | 'pool';
  readonly ms: number;
}

/** A convolutional trunk, run by the kernel. */
export class TrunkExtractor implements Extractor {
  readonly id: string;
  readonly version: number;
  readonly dims: number;
  readonly input: Extractor['input'];
  readonly parametersHash: string;
  readonly #memory: WebAssembly.Memory;
  readonly #trunk: TrunkKernel;
  readonly #kinds: readonly StepTime['kind'][];

  /** Throws a sentence, or an error, when the steps do not fit together. */
  constructor(memory: WebAssembly.Memory, { header, hash, steps }: ParameterFile) {
    const { extractor, version, dims, input, offset, scale } = header;
    this.#memory = memory;
    this.#trunk = new TrunkKernel(input.height, input.width);
    header.steps.forEach((step, index) => {
      const parameters = steps[index];
      if (parameters) addStep(this.#trunk, step, parameters, offset);
    });
    this.#trunk.finish(scale);
    if (this.#trunk.dims() !== dims)
      throw new Error(`the trunk has ${String(this.#trunk.dims())} features, not ${String(dims)}`);
    this.#kinds = [...header.steps.map(({ kind }) => kind), 'pool'];
    this.id = extractor;
    this.version = version;
    this.dims = dims;
    this.input = input;
    this.parametersHash = hash;
  }

  describe(rgb: Uint8Array): Float32Array {
    this.#load(rgb);
    this.#trunk.run(0, this.#kinds.length);
    return new Float32Array(this.#memory.buffer, this.#trunk.features(), this.dims).slice();
  }

  /** Describes a photo step by step, with the time of each. */
  profile(rgb: Uint8Array): StepTime[] {
    this.#load(rgb);
    return this.#kinds.map((kind, step) => {
      const start = performance.now();
      this.#trunk.run(step, step + 1);
      return { kind, ms: performance.now() - start };
    });
  }

  #load(rgb: Uint8Array): void {
    const bytes = this.input.width * this.input.height * 3;
    if (rgb.length !== bytes) {
      throw new Fault('INTERNAL', {
        reason: `a photo for ${this.id} has ${String(bytes)} bytes, not ${String(rgb.length)}`,
      });
    }
    new Uint8Array(this.#memory.buffer, this.#trunk.photo(), bytes).set(rgb);
  }
}

function addStep(trunk: TrunkKernel, step: StepHeader, parameters: StepParameters, offset: number): void {
  const { weights, bias, multiplier } = parameters;
  const requantise = new Requantise(bias, multiplier, step.low, step.high);
  switch (step.kind) {
    case 'stem':
      trunk.stem(step.kernel, step.stride, offset, weights, requantise);
      break;
    case 'pointwise':
      trunk.pointwise(step.residual, weights, requantise);
      break;
    case 'depthwise':
      trunk.depthwise(step.kernel, step.stride, weights, requantise);
      break;
  }
}
