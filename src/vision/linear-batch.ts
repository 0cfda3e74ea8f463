import { LinearBatch as BatchMemory } from '#kernel';
import type { Kernel } from './kernel.ts';
import { checkCount, checkFinite, checkLength, maxDims, maxRows, refuse } from './linear-check.ts';

/**
 * Rows of features in a kernel's memory, `[rows × dims]` f32: what statistics, projections and learners read.
 *
 * Takes 4 · capacity · dims bytes until {@link LinearBatch.free}.
 */
export class LinearBatch {
  readonly capacity: number;
  readonly dims: number;
  /** What the kernel calls it. */
  readonly memory: BatchMemory;
  readonly #kernel: Kernel;

  /** @throws Fault `REQUEST_INVALID` when it would be empty or too large */
  constructor(kernel: Kernel, { capacity, dims }: { readonly capacity: number; readonly dims: number }) {
    checkCount("a batch's capacity", capacity, 1, maxRows);
    checkCount("a batch's dims", dims, 1, maxDims);
    this.capacity = capacity;
    this.dims = dims;
    this.#kernel = kernel;
    this.memory = new BatchMemory(capacity, dims);
  }

  /** Rows in use. */
  get rows(): number {
    return this.memory.rows();
  }

  /**
   * Takes rows of 8-bit features: `x = offset + scale · value`.
   *
   * @param values - `[rows × dims]`
   * @param scales - `[rows × 2]`: offset, scale
   * @throws Fault `REQUEST_INVALID` when there is no row or no room, when shapes do not fit or a scale is not finite
   */
  loadQuantised(values: Uint8Array, scales: Float32Array): void {
    const rows = scales.length / 2;
    checkCount('the number of rows', rows, 1, this.capacity);
    checkLength('8-bit features', values, rows, this.dims);
    checkFinite('scales', scales);
    this.memory.dequantise(values, scales);
  }

  /**
   * Takes rows of features.
   *
   * @param x - `[rows × dims]`
   * @throws Fault `REQUEST_INVALID` when there is no row or no room, or a number is not finite
   */
  load(x: Float32Array): void {
    checkCount('the number of rows', x.length / this.dims, 1, this.capacity);
    const at = this.memory.fill(x.length / this.dims);
    new Float32Array(this.#kernel.memory.buffer, at, x.length).set(x);
    if (this.memory.is_finite()) return;
    this.memory.fill(0);
    refuse('features have a value that is not a finite number');
  }

  /** A copy of the rows in use, `[rows × dims]`. */
  read(): Float32Array {
    return new Float32Array(this.#kernel.memory.buffer, this.memory.x(), this.rows * this.dims).slice();
  }

  /** Gives the memory back. */
  free(): void {
    this.memory.free();
  }
}
