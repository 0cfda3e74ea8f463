import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import type { BlobRef } from '../../model/blob-store.ts';
import { addSums, type FeatureSums } from '../../vision/linear-statistics.ts';
import { whiten as whitening, type Whitening } from '../../vision/linear-whitening.ts';
import { readSums } from '../feature-sums-blob.ts';
import type { Task } from '../task.ts';
import { putWhitening } from '../whitening-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { parametersOf } from './task-parts.ts';

const schema = z.strictObject({ shrinkage: z.number().min(0) });

/** The whitening transform of all shards: inputs their sums, output the transform. */
export const whiten: TaskHandler = async (task, { kernel, blobs, progress }) => {
  const { shrinkage } = parametersOf(task, schema);
  let total: FeatureSums | undefined;
  for (const [index, input] of task.inputs.entries()) {
    const sums = await readSums(blobs, input);
    total = total === undefined ? sums : addSums(total, sums);
    progress(index + 1, task.inputs.length + 1);
  }
  if (total === undefined) throw new Fault('REQUEST_INVALID', { reason: `task ${task.key} has no sums` });
  const transform = whitening(kernel, total, shrinkage);
  const squaredLength = meanSquaredLength(total, transform, shrinkage);
  return {
    outputs: [await putWhitening(blobs, { ...transform, squaredLength })],
    value: { rows: total.rows, squaredLength },
  };
};

/** The task that finds the transform. */
export function whitenTask(sums: readonly BlobRef[], shrinkage: number): Task {
  return { kind: 'whiten', key: 'whiten', parameters: { shrinkage }, inputs: sums };
}

/**
 * trace(T·Cov·Tᵀ): with R + γ·1 = L·Lᵀ and K = L⁻¹ it is that of K·R·Kᵀ = 1 − γ·K·Kᵀ. T is K, its columns divided by the deviations.
 */
function meanSquaredLength(
  { rows, sum, products }: FeatureSums,
  { transform }: Whitening,
  shrinkage: number,
): number {
  const dims = sum.length;
  let norm = 0;
  let used = 0;
  for (let column = 0; column < dims; column += 1) {
    const mean = (sum[column] ?? 0) / rows;
    const variance = Math.max((products[(column * (column + 3)) / 2] ?? 0) / rows - mean * mean, 0);
    let squares = 0;
    for (let row = column; row < dims; row += 1) squares += (transform[row * dims + column] ?? 0) ** 2;
    norm += squares * variance;
    if (squares > 0) used += 1;
  }
  return Math.max(used - shrinkage * norm, 1e-6);
}
