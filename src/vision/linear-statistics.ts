import { LinearStatistics as StatisticsMemory } from '#kernel';
import type { Kernel } from './kernel.ts';
import type { LinearBatch } from './linear-batch.ts';
import { checkCount, checkFinite, checkLength, maxDims } from './linear-check.ts';

/** Sums over rows of features; sums of two sets of rows add up to those of both. */
export interface FeatureSums {
  readonly rows: number;
  /** Σx `[dims]` */
  readonly sum: Float64Array;
  /** The lower triangle of Σxxᵀ by rows: `(i, j ≤ i)` is at `i · (i + 1) / 2 + j`. */
  readonly products: Float64Array;
}

/**
 * Checks sums that come from elsewhere.
 *
 * @throws Fault `REQUEST_INVALID` when shapes do not fit or a number is not finite
 */
export function checkSums({ rows, sum, products }: FeatureSums): void {
  checkCount('the number of rows', rows, 0, Number.MAX_SAFE_INTEGER);
  checkLength('products', products, (sum.length * (sum.length + 1)) / 2);
  checkFinite('sums', sum, products);
}

/**
 * The sums over the rows of two: of `a` and `b` together.
 *
 * @throws Fault `REQUEST_INVALID` when they are not of the same dims
 */
export function addSums(a: FeatureSums, b: FeatureSums): FeatureSums {
  checkLength('sums', a.sum, b.sum.length);
  checkLength('products', a.products, b.products.length);
  return { rows: a.rows + b.rows, sum: added(a.sum, b.sum), products: added(a.products, b.products) };
}

function added(a: Float64Array, b: Float64Array): Float64Array {
  const sums = a.slice();
  for (let index = 0; index < sums.length; index++) sums[index] = (a[index] ?? 0) + (b[index] ?? 0);
  return sums;
}

/**
 * Adds up the sums over batches of rows: products in f32 over 256 rows, then in f64, so that a sum of squares is exact to 1e-6
 * or better, however many the rows.
 *
 * Takes 4 · dims · (dims + 1) + 8 · dims + 1,024 · dims bytes (dims in whole sixteens) until {@link LinearStatistics.free}.
 */
export class LinearStatistics {
  readonly dims: number;
  readonly #kernel: Kernel;
  readonly #memory: StatisticsMemory;

  /** @throws Fault `REQUEST_INVALID` when `dims` is not a number of features */
  constructor(kernel: Kernel, dims: number) {
    checkCount('dims', dims, 1, maxDims);
    this.dims = dims;
    this.#kernel = kernel;
    this.#memory = new StatisticsMemory(dims);
  }

  /**
   * Adds the rows of a batch.
   *
   * @throws Fault `REQUEST_INVALID` when the batch has no rows or other dims
   */
  add(batch: LinearBatch): void {
    checkCount("the batch's rows", batch.rows, 1, batch.capacity);
    checkCount("the batch's dims", batch.dims, this.dims, this.dims);
    this.#memory.add(batch.memory);
  }

  /** A copy of the sums so far. */
  sums(): FeatureSums {
    const floats = (at: number, length: number): Float64Array =>
      new Float64Array(this.#kernel.memory.buffer, at, length).slice();
    return {
      rows: this.#memory.rows(),
      sum: floats(this.#memory.sum(), this.dims),
      products: floats(this.#memory.products(), (this.dims * (this.dims + 1)) / 2),
    };
  }

  /** Gives the memory back. */
  free(): void {
    this.#memory.free();
  }
}
