import { LinearWhitening } from '#kernel';
import { Fault } from '../base/errors.ts';
import type { Kernel } from './kernel.ts';
import { checkCount, checkNumber } from './linear-check.ts';
import { checkSums, type FeatureSums } from './linear-statistics.ts';

/** Makes features of mean 0 and covariance 1: `x̃ = T·(x − mean)`. A constant feature has zeros in T, row and column. */
export interface Whitening {
  /** `[dims]` */
  readonly mean: Float32Array;
  /** T `[dims × dims]`, row-major, lower triangular. */
  readonly transform: Float32Array;
}

/**
 * The whitening transform of the rows that were summed. Features are divided by their standard deviation first, so that the
 * shrinkage is relative: with R their correlation, R + γ·1 = L·Lᵀ and T = L⁻¹ / deviation.
 *
 * Takes about 12 · dims² bytes of the kernel's memory while it runs.
 *
 * @param shrinkage - γ, what is added to the diagonal of the correlation
 * @throws Fault `REQUEST_INVALID` when the sums do not fit together or are of fewer than two rows; `COVARIANCE_SINGULAR`
 * when R + γ·1 is not positive definite
 */
export function whiten(kernel: Kernel, sums: FeatureSums, shrinkage: number): Whitening {
  checkSums(sums);
  checkCount('the number of rows', sums.rows, 2, Number.MAX_SAFE_INTEGER);
  checkNumber('the shrinkage', shrinkage, 0);
  const dims = sums.sum.length;
  const memory = whitening(sums, shrinkage);
  try {
    const floats = (at: number, length: number): Float32Array =>
      new Float32Array(kernel.memory.buffer, at, length).slice();
    return { mean: floats(memory.mean(), dims), transform: floats(memory.transform(), dims * dims) };
  } finally {
    memory.free();
  }
}

function whitening({ rows, sum, products }: FeatureSums, shrinkage: number): LinearWhitening {
  try {
    return new LinearWhitening(rows, sum, products, shrinkage);
  } catch (thrown) {
    if (typeof thrown !== 'number') throw thrown;
    throw new Fault('COVARIANCE_SINGULAR', { shrinkage, feature: thrown });
  }
}
