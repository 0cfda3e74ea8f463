import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initSync, Requantise, ScoreTile, TrunkKernel, type InitOutput } from '#kernel';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Extractor } from './extractor.ts';
import type { ParameterFile, StepHeader, StepParameters } from './parameter-file.ts';

/** Linear classifiers as they lie in shared memory. */
export interface WeightBlock {
  readonly classes: number;
  readonly dims: number;
  /** Floats from one row of `w` to the next; a multiple of 4. */
  readonly stride: number;
  /** `[classes × stride]` */
  readonly w: Float32Array;
  /** `[classes]` */
  readonly b: Float32Array;
}

/** Classes a tile holds: 64 rows of 1,280 floats are 320 KiB. */
const tileClasses = 64;
/** Photos that share a tile; more go in groups. */
const groupPhotos = 64;

/** A thread's instance of the WebAssembly kernel, with linear memory of its own. */
export class Kernel {
  readonly #memory: WebAssembly.Memory;
  /** By dims and stride, which are as many as extractors: blocks of two of them do not make each other's tile anew. */
  readonly #tiles = new Map<string, { readonly tile: ScoreTile; readonly photos: number }>();

  private constructor({ memory }: InitOutput) {
    this.#memory = memory;
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
   * Margins `z = w · x − b`, `Float32Array [photos × classes]`; W is streamed through a tile of this thread's memory. A class
   * scores the same bits whatever else is in the block or the batch.
   *
   * @param x - `[photos × dims]`
   * @throws Fault `REQUEST_INVALID` when the shapes do not fit
   */
  margins(x: Float32Array, block: WeightBlock): Float32Array {
    const { classes, dims, stride, w, b } = block;
    if (
      dims < 1 ||
      x.length % dims !== 0 ||
      stride < dims ||
      w.length < classes * stride ||
      b.length < classes
    ) {
      throw new Fault('REQUEST_INVALID', {
        reason: `${String(x.length)} features do not fit a block of ${String(classes)} × ${String(dims)}`,
      });
    }
    const z = new Float32Array((x.length / dims) * classes);
    for (let photo = 0; photo * dims < x.length; photo += groupPhotos) {
      const group = x.subarray(photo * dims, (photo + groupPhotos) * dims);
      this.#groupMargins(group, block, z.subarray(photo * classes));
    }
    return z;
  }

  #groupMargins(x: Float32Array, { classes, dims, stride, w, b }: WeightBlock, z: Float32Array): void {
    const photos = x.length / dims;
    const tile = this.#tileFor(photos, dims, stride);
    const floats = (at: number, length: number): Float32Array =>
      new Float32Array(this.#memory.buffer, at, length);
    floats(tile.x(), x.length).set(x);
    for (let first = 0; first < classes; first += tileClasses) {
      const rows = Math.min(tileClasses, classes - first);
      floats(tile.weights(), rows * stride).set(w.subarray(first * stride, (first + rows) * stride));
      floats(tile.offsets(), rows).set(b.subarray(first, first + rows));
      tile.run(photos, rows);
      const margins = floats(tile.margins(), photos * rows);
      for (let photo = 0; photo < photos; photo += 1) {
        z.set(margins.subarray(photo * rows, (photo + 1) * rows), photo * classes + first);
      }
    }
  }

  #tileFor(photos: number, dims: number, stride: number): ScoreTile {
    const shape = `${String(dims)}/${String(stride)}`;
    const kept = this.#tiles.get(shape);
    if (kept !== undefined && kept.photos >= photos) return kept.tile;
    kept?.tile.free();
    const tile = new ScoreTile(photos, dims, stride, tileClasses);
    this.#tiles.set(shape, { tile, photos });
    return tile;
  }
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
