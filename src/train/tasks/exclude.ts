import type { BlobRef } from '../../model/blob-store.ts';
import { LabelBlockReader } from '../../model/training-set/label-block.ts';
import { rowsOf, type TrainingSet } from '../../model/training-set/training-set.ts';
import { rangesOf } from '../class-range.ts';
import { ExclusiveClasses } from '../evaluation-exclusive.ts';
import type { Task } from '../task.ts';
import { readTrainingSet } from '../training-set-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf } from './task-parts.ts';

/** Labels that are looked at together, at most. */
const maxPairs = 16 * 1024 * 1024;

/** Which classes exclude each other, by the held-out labels; the value is their ranges, none if there are too few. */
export const exclude: TaskHandler = async (task, { blobs, signal }) => {
  const { heldOut, classes } = await readTrainingSet(blobs, inputOf(task, 0));
  const exclusive = new ExclusiveClasses(rowsOf(heldOut));
  const rowsAtOnce = Math.max(Math.floor(maxPairs / Math.max(classes.length, 1)), 1);
  let firstRow = 0;
  for (const { labels, rows } of heldOut) {
    const reader = await LabelBlockReader.open(blobs.path(labels.id));
    for (let first = 0; first < rows; first += rowsAtOnce) {
      signal.throwIfAborted();
      const count = Math.min(rowsAtOnce, rows - first);
      const target = new Int8Array(count * classes.length);
      reader.fill(first, count, 0, classes.length, target);
      exclusive.add(target, classes.length, 0, firstRow + first);
    }
    firstRow += rows;
  }
  return { outputs: [], value: { ranges: rangesOf(exclusive.find()?.classes ?? []) } };
};

/** The task that finds classes that exclude each other. */
export function excludeTask(setRef: BlobRef, { heldOut }: TrainingSet): Task {
  return {
    kind: 'exclude',
    key: 'exclude',
    parameters: {},
    inputs: [setRef, ...heldOut.map(({ labels }) => labels)],
  };
}
