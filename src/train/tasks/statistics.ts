import { LinearBatch } from '../../vision/linear-batch.ts';
import { LinearStatistics } from '../../vision/linear-statistics.ts';
import { putSums } from '../feature-sums-blob.ts';
import { ShardRows } from '../shard-rows.ts';
import type { Shard } from '../../model/training-set/training-set.ts';
import type { Task } from '../task.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf } from './task-parts.ts';

const batchRows = 512;

/** Sums over a shard: input its features, output its sums. They do not depend on labels. */
export const statistics: TaskHandler = async (task, { kernel, blobs, progress, signal }) => {
  const features = await ShardRows.open(blobs, inputOf(task, 0), batchRows);
  const batch = new LinearBatch(kernel, { capacity: batchRows, dims: features.dims });
  const sums = new LinearStatistics(kernel, features.dims);
  try {
    for (let first = 0; first < features.rows; first += batchRows) {
      signal.throwIfAborted();
      const { values, scales } = await features.read(first, Math.min(batchRows, features.rows - first));
      batch.loadQuantised(values, scales);
      sums.add(batch);
      progress(first, features.rows);
    }
    return { outputs: [await putSums(blobs, sums.sums())], value: { rows: features.rows } };
  } finally {
    sums.free();
    batch.free();
    await features.close();
  }
};

/** The task that sums up a shard. */
export function statisticsTask({ features }: Shard): Task {
  return { kind: 'statistics', key: `statistics/${features.id}`, parameters: {}, inputs: [features] };
}
