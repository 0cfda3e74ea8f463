import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import type { TrainingSet } from '../../model/training-set/training-set.ts';
import { LinearLearner } from '../../vision/linear-learner.ts';
import type { ClassifierBlock } from '../../vision/linear-projection.ts';
import { classRange, countOf } from '../class-range.ts';
import { putState } from '../classifier-state.ts';
import { LearningRows } from '../learning-rows.ts';
import { exampleWeights, type ClassShare } from '../schedule.ts';
import type { Task } from '../task.ts';
import { readTrainingSet } from '../training-set-blob.ts';
import { readWhitening } from '../whitening-blob.ts';
import { sharesOf } from './learn.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  ranges: z.array(classRange).min(1),
  batchRows: z.int().min(1).max(8192),
});

/** So small that margins stay near 0 during the pass: the steps then add up to the gradient at 0. */
const smallStep = 1e-6;

/**
 * Where learning starts: on whitened features, the weighted difference of a class's means is the linear discriminant, and the first
 * approximation of least squares. Inputs the training set, the whitening and the shards to learn from; output a state.
 */
export const start: TaskHandler = async (task, { kernel, blobs, progress, signal }) => {
  const { ranges, batchRows } = parametersOf(task, schema);
  const set = await readTrainingSet(blobs, inputOf(task, 0));
  const whitening = await readWhitening(blobs, inputOf(task, 1));
  const whiteningId = inputOf(task, 1).id;
  const rows = new LearningRows({ kernel, blobs, whitening, whiteningId, ranges, batchRows });
  const classes = countOf(ranges);
  const learner = new LinearLearner(kernel, { capacity: batchRows, dims: whitening.mean.length, classes });
  try {
    const shares = sharesOf(set, ranges);
    learner.weigh(Float32Array.from(shares.flatMap(exampleWeights)));
    const rates = Float32Array.from(shares, (share) => smallStep / totalWeight(share));
    const step = { rates, decay: 0, normaliser: 1, averaging: 0 };
    for (const [index, shard] of set.learn.entries()) {
      for await (const { batch, targets } of rows.of(shard)) {
        signal.throwIfAborted();
        learner.step(batch, targets, step);
      }
      progress(index + 1, set.learn.length);
    }
    const current = grown(learner.read('current'));
    const state = { current, average: current, steps: 0, averaged: 0 };
    return { outputs: [await putState(blobs, state)], value: null };
  } finally {
    learner.free();
    rows.free();
  }
};

/** The task that finds where the learning of a block of classes starts. */
export function startTask(
  key: string,
  parameters: z.infer<typeof schema>,
  { setRef, set, whitening }: { setRef: BlobRef; set: TrainingSet; whitening: BlobRef },
): Task {
  const shards = set.learn.flatMap(({ features, labels }) => [features, labels]);
  return { kind: 'start', key, parameters, inputs: [setRef, whitening, ...shards] };
}

function totalWeight(share: ClassShare): number {
  const [positive, negative] = exampleWeights(share);
  return Math.max(share.positives * positive + share.negatives * negative, 1);
}

function grown({ w, b }: ClassifierBlock): ClassifierBlock {
  const grow = (value: number) => value / smallStep;
  return { w: w.map(grow), b: b.map(grow) };
}
