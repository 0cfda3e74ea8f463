import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { LabelBlockReader } from '../../model/training-set/label-block.ts';
import { rowsOf, type TrainingSet } from '../../model/training-set/training-set.ts';
import { LinearBatch } from '../../vision/linear-batch.ts';
import { LinearLearner } from '../../vision/linear-learner.ts';
import type { ClassifierBlock } from '../../vision/linear-projection.ts';
import { putBundle } from '../array-bundle.ts';
import { classRange, type ClassRange } from '../class-range.ts';
import { bundleOfBlock } from '../evaluation-block-bundle.ts';
import { calibrateAndEvaluate } from '../evaluation-block.ts';
import { rawClassifiers, type LearnedBlock } from '../raw-classifiers.ts';
import { ShardRows } from '../shard-rows.ts';
import type { Task } from '../task.ts';
import { readTrainingSet } from '../training-set-blob.ts';
import { readWhitening } from '../whitening-blob.ts';
import type { TaskContext, TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  range: classRange,
  /** Share of the tags shown that shall be right. */
  precision: z.number().gt(0).lt(1),
  /** Classes that exclude each other, of all. */
  exclusive: z.array(classRange),
  /** How frequent each class of the range is among all photos; null to take the held-out rows for a fair sample. */
  shares: z.array(z.number().gt(0).lt(1).nullable()),
  /** What classes each learned block has; their states are inputs, after the training set and the whitening. */
  learned: z.array(z.array(classRange)),
});

const batchRows = 256;

/** Calibrates some neighbouring classes on held-out rows and judges them there; output the block's result. */
export const calibrate: TaskHandler = async (task, context) => {
  const { range, precision, exclusive, shares, learned } = parametersOf(task, schema);
  const { blobs } = context;
  const set = await readTrainingSet(blobs, inputOf(task, 0));
  const whitening = await readWhitening(blobs, inputOf(task, 1));
  const blocks = learned.map((ranges, index) => ({ ranges, state: inputOf(task, 2 + index) }));
  const classifiers = await rawClassifiers(context, whitening, blocks, range);
  const scored = await score(set, classifiers, range, context);
  const [firstClass, classes] = range;
  const corpusShares = Float32Array.from({ length: classes }, (_, index) => shares[index] ?? NaN);
  const block = { ...scored, firstClass, classes, corpusShares, exclusive: flags(exclusive, range) };
  const result = calibrateAndEvaluate(block, { precision });
  return { outputs: [await putBundle(blobs, bundleOfBlock(result))], value: null };
};

/** Margins and labels of all held-out rows, as photos are scored: of features, not of whitened ones. */
async function score(
  { heldOut }: TrainingSet,
  classifiers: ClassifierBlock,
  [firstClass, classes]: ClassRange,
  { kernel, blobs, progress, signal }: TaskContext,
) {
  const rows = rowsOf(heldOut);
  const margins = new Float32Array(rows * classes);
  const labels = new Int8Array(rows * classes);
  const dims = classifiers.w.length / classes;
  const learner = new LinearLearner(kernel, { capacity: batchRows, dims, classes });
  const batch = new LinearBatch(kernel, { capacity: batchRows, dims });
  try {
    learner.load(classifiers);
    let done = 0;
    for (const shard of heldOut) {
      const reader = await LabelBlockReader.open(blobs.path(shard.labels.id));
      const part = labels.subarray(done * classes, (done + shard.rows) * classes);
      reader.fill(0, shard.rows, firstClass, classes, part);
      const features = await ShardRows.open(blobs, shard.features, batchRows);
      try {
        for (let first = 0; first < shard.rows; first += batchRows) {
          signal.throwIfAborted();
          const { values, scales } = await features.read(first, Math.min(batchRows, shard.rows - first));
          batch.loadQuantised(values, scales);
          margins.set(learner.margins(batch, 'current'), (done + first) * classes);
          progress(done + first, rows);
        }
      } finally {
        await features.close();
      }
      done += shard.rows;
    }
    return { rows, margins, labels };
  } finally {
    learner.free();
    batch.free();
  }
}

function flags(ranges: readonly ClassRange[], [first, count]: ClassRange): Uint8Array {
  const flagged = new Uint8Array(count);
  for (const [start, length] of ranges)
    flagged.fill(1, Math.max(start - first, 0), Math.max(start + length - first, 0));
  return flagged;
}

/** The task that calibrates some neighbouring classes. */
export function calibrateTask(
  key: string,
  { range, precision, exclusive, shares }: Omit<z.infer<typeof schema>, 'learned'>,
  {
    setRef,
    set,
    whitening,
    learned,
  }: { setRef: BlobRef; set: TrainingSet; whitening: BlobRef; learned: readonly LearnedBlock[] },
): Task {
  const [first, count] = range;
  const overlapping = learned.filter(({ ranges }) =>
    ranges.some(([start, length]) => start < first + count && first < start + length),
  );
  const heldOut = set.heldOut.flatMap(({ features, labels }) => [features, labels]);
  return {
    kind: 'calibrate',
    key,
    parameters: { range, precision, exclusive, shares, learned: overlapping.map(({ ranges }) => ranges) },
    inputs: [setRef, whitening, ...overlapping.map(({ state }) => state), ...heldOut],
  };
}
