import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { LabelBlockReader } from '../../model/training-set/label-block.ts';
import { classRange, rangesOf } from '../class-range.ts';
import type { Task } from '../task.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  /** For each class of the labels after, its place in those before; −1 if it has none there. */
  origins: z.array(z.int().min(-1)),
});

/** Examples of the rarer side that may be turned round before a class counts as another: an epoch of small steps follows that far. */
const followed = 0.05;
/** Labels that are looked at together, at most. */
const maxPairs = 4 * 1024 * 1024;

/** What a comparison says. */
export const compared = z.strictObject({
  /** Classes of whose examples so many say the opposite now that they are to be learned anew. */
  turned: z.array(classRange),
});

/** Compares labels of the same photos: inputs blocks of labels in pairs, those before and those after; the value says which classes are others now. */
export const compare: TaskHandler = async (task, { blobs, progress, signal }) => {
  const { origins } = parametersOf(task, schema);
  const classes = origins.length;
  const turned = new Uint32Array(classes);
  const examples = { positives: new Uint32Array(classes), negatives: new Uint32Array(classes) };
  const pairs = task.inputs.length / 2;
  for (let pair = 0; pair < pairs; pair += 1) {
    const before = await LabelBlockReader.open(blobs.path(inputOf(task, 2 * pair).id));
    const after = await LabelBlockReader.open(blobs.path(inputOf(task, 2 * pair + 1).id));
    const rowsAtOnce = Math.max(Math.floor(maxPairs / Math.max(classes, before.classes, 1)), 1);
    for (let first = 0; first < after.rows; first += rowsAtOnce) {
      signal.throwIfAborted();
      const rows = Math.min(rowsAtOnce, after.rows - first);
      countTurned(signsOf(before, first, rows), signsOf(after, first, rows), origins, turned);
    }
    addUp(examples.positives, after.positives);
    addUp(examples.negatives, after.negatives);
    progress(pair + 1, pairs);
  }
  const isOther = (index: number) => {
    const rarer = Math.min(examples.positives[index] ?? 0, examples.negatives[index] ?? 0);
    return (turned[index] ?? 0) > followed * rarer;
  };
  return { outputs: [], value: { turned: rangesOf([...origins.keys()].filter(isOther)) } };
};

interface Signs {
  readonly classes: number;
  /** `Int8Array [rows × classes]`, row-major */
  readonly labels: Int8Array;
}

function signsOf(reader: LabelBlockReader, first: number, rows: number): Signs {
  const { classes } = reader;
  const labels = new Int8Array(rows * classes);
  reader.fill(first, rows, 0, classes, labels);
  return { classes, labels };
}

function countTurned(before: Signs, after: Signs, origins: readonly number[], turned: Uint32Array): void {
  const rows = after.labels.length / Math.max(after.classes, 1);
  origins.forEach((origin, index) => {
    if (origin < 0) return;
    let count = 0;
    for (let row = 0; row < rows; row += 1) {
      const was = before.labels[row * before.classes + origin] ?? 0;
      if (was * (after.labels[row * after.classes + index] ?? 0) < 0) count += 1;
    }
    turned[index] = (turned[index] ?? 0) + count;
  });
}

function addUp(sums: Uint32Array, counts: Uint32Array): void {
  for (const [index, count] of counts.entries()) sums[index] = (sums[index] ?? 0) + count;
}

/** The task that compares labels before and after an update. */
export function compareTask(
  origins: readonly number[],
  pairs: readonly { readonly before: BlobRef; readonly after: BlobRef }[],
): Task {
  const inputs = pairs.flatMap(({ before, after }) => [before, after]);
  return { kind: 'compare', key: 'compare', parameters: { origins: [...origins] }, inputs };
}
