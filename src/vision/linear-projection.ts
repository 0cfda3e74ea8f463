import { LinearProjection as ProjectionMemory } from '#kernel';
import type { LinearBatch } from './linear-batch.ts';
import { checkCount, checkFinite, checkLength, maxDims, maxRows } from './linear-check.ts';
import type { Kernel } from './kernel.ts';
import type { Whitening } from './linear-whitening.ts';

/** Linear classifiers `z = w·x − b`, of features or of whitened features. */
export interface ClassifierBlock {
  /** `[classes × dims]`, row-major */
  readonly w: Float32Array;
  /** `[classes]` */
  readonly b: Float32Array;
}

/**
 * A whitening transform in a kernel's memory: projects rows, and takes classifiers from features to whitened features and back.
 *
 * Takes 2 · dims · (dims + 16) + 12 · capacity · dims bytes (dims and capacity in whole sixteens) until
 * {@link LinearProjection.free}; another 4 · dims² while it is made, and 4 · classes · dims while classifiers are in it.
 */
export class LinearProjection {
  readonly dims: number;
  readonly capacity: number;
  readonly #memory: ProjectionMemory;

  /**
   * @param _kernel - the thread's: there is one
   * @param capacity - rows of a batch at most
   * @throws Fault `REQUEST_INVALID` when the transform's shapes do not fit or a number in it is not finite
   */
  constructor(_kernel: Kernel, { mean, transform }: Whitening, capacity: number) {
    checkCount("a projection's capacity", capacity, 1, maxRows);
    checkCount('dims', mean.length, 1, maxDims);
    checkLength('transform', transform, mean.length, mean.length);
    checkFinite('mean and transform', mean, transform);
    this.dims = mean.length;
    this.capacity = capacity;
    this.#memory = new ProjectionMemory(capacity, mean, transform);
  }

  /**
   * Whitens the rows of a batch into another batch.
   *
   * @throws Fault `REQUEST_INVALID` when the batches do not fit
   */
  project(from: LinearBatch, to: LinearBatch): void {
    checkCount("the batch's rows", from.rows, 1, Math.min(this.capacity, to.capacity));
    for (const { dims } of [from, to]) checkCount("the batch's dims", dims, this.dims, this.dims);
    this.#memory.project(from.memory, to.memory);
  }

  /**
   * Classifiers of whitened features as classifiers of features: `w = Tᵀ·w̃`, `b = b̃ + w · mean`.
   *
   * @throws Fault `REQUEST_INVALID` when the block's shapes do not fit or a number in it is not finite
   */
  toRaw(block: ClassifierBlock): ClassifierBlock {
    const { w, b } = this.#copy(block);
    this.#memory.to_raw(w, b);
    return { w, b };
  }

  /**
   * The inverse of {@link LinearProjection.toRaw}; what a classifier gives a constant feature goes into its offset.
   *
   * @throws Fault `REQUEST_INVALID` as {@link LinearProjection.toRaw}
   */
  toWhitened(block: ClassifierBlock): ClassifierBlock {
    const { w, b } = this.#copy(block);
    this.#memory.to_whitened(w, b);
    return { w, b };
  }

  #copy({ w, b }: ClassifierBlock): ClassifierBlock {
    checkLength('weights', w, b.length, this.dims);
    checkFinite('weights and offsets', w, b);
    return { w: w.slice(), b: b.slice() };
  }

  /** Gives the memory back. */
  free(): void {
    this.#memory.free();
  }
}
