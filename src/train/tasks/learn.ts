import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { rowsOf, type TrainingSet } from '../../model/training-set/training-set.ts';
import { LinearLearner } from '../../vision/linear-learner.ts';
import { classRange, classesOf, countOf, type ClassRange } from '../class-range.ts';
import { putState, readState, type ClassifierState } from '../classifier-state.ts';
import { LearningRows } from '../learning-rows.ts';
import { exampleWeights, fadeAfter, stepSize, type ClassShare } from '../schedule.ts';
import type { Task } from '../task.ts';
import { readTrainingSet, shardsOf } from '../training-set-blob.ts';
import { readWhitening } from '../whitening-blob.ts';
import type { TaskContext, TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  ranges: z.array(classRange).min(1),
  /** Places of the shards among all, in the order in which they are read. */
  shards: z.array(z.int().min(0)),
  batchRows: z.int().min(1).max(8192),
  /** Rows that make an epoch: step sizes fade with epochs. */
  epochRows: z.int().min(1),
  /** Whether steps go into the average. */
  average: z.boolean(),
});

/** What a pass over some shards does; see {@link learnTask}. */
export type LearnParameters = z.infer<typeof schema>;

/**
 * A pass of mini-batch descent over some shards: inputs the training set, the whitening, the state before and the shards; output the
 * state after; the value is the mean objective a class and row.
 */
export const learn: TaskHandler = async (task, context) => {
  const parameters = parametersOf(task, schema);
  const { kernel, blobs } = context;
  const set = await readTrainingSet(blobs, inputOf(task, 0));
  const whitening = await readWhitening(blobs, inputOf(task, 1));
  const state = await readState(blobs, inputOf(task, 2));
  const { ranges, batchRows } = parameters;
  const rows = new LearningRows({
    kernel,
    blobs,
    whitening,
    whiteningId: inputOf(task, 1).id,
    ranges,
    batchRows,
  });
  const shape = { capacity: batchRows, dims: whitening.mean.length, classes: countOf(ranges) };
  const learner = new LinearLearner(kernel, shape);
  try {
    learner.load(state.current);
    learner.load(state.average, 'average');
    const shares = sharesOf(set, ranges);
    learner.weigh(Float32Array.from(shares.flatMap(exampleWeights)));
    const sizes = shares.map((share) => stepSize(share, batchRows, whitening.squaredLength));
    const passed = await pass(
      parameters,
      { set, rows, learner, sizes: Float32Array.from(sizes), state },
      context,
    );
    const { steps, averaged, objective } = passed;
    const after = { current: learner.read('current'), average: learner.read('average'), steps, averaged };
    return { outputs: [await putState(blobs, after)], value: { objective } };
  } finally {
    learner.free();
    rows.free();
  }
};

interface Pass {
  readonly set: TrainingSet;
  readonly rows: LearningRows;
  readonly learner: LinearLearner;
  /** First step size of each class, `[classes]`. */
  readonly sizes: Float32Array;
  readonly state: ClassifierState;
}

async function pass(
  { shards, batchRows, epochRows, average }: LearnParameters,
  { set, rows, learner, sizes, state }: Pass,
  { progress, signal }: TaskContext,
): Promise<{ steps: number; averaged: number; objective: number }> {
  let { steps, averaged } = state;
  let seen = 0;
  let loss = 0;
  const chosen = shardsOf(set, shards);
  const total = rowsOf(chosen);
  for (const shard of chosen)
    for await (const { batch, targets } of rows.of(shard)) {
      signal.throwIfAborted();
      const fade = fadeAfter((steps * batchRows) / epochRows);
      steps += 1;
      if (average) averaged += 1;
      const losses = learner.step(batch, targets, {
        rates: sizes.map((size) => size * fade),
        decay: 0,
        normaliser: batch.rows,
        averaging: average ? 1 / averaged : 0,
      });
      loss += losses.reduce((sum, value) => sum + value, 0);
      seen += batch.rows;
      progress(seen, total);
    }
  return { steps, averaged, objective: loss / Math.max(seen * sizes.length, 1) };
}

/** What there is of each class, among the rows that are learned from. */
export function sharesOf(set: TrainingSet, ranges: readonly ClassRange[]): ClassShare[] {
  const rows = rowsOf(set.learn);
  return classesOf(ranges).map((index) => ({
    positives: set.counts.positives[index] ?? 0,
    negatives: set.counts.negatives[index] ?? 0,
    rows,
  }));
}

/** The task of a pass over some shards. */
export function learnTask(
  key: string,
  parameters: LearnParameters,
  {
    setRef,
    set,
    whitening,
    state,
  }: { setRef: BlobRef; set: TrainingSet; whitening: BlobRef; state: BlobRef },
): Task {
  const shards = shardsOf(set, parameters.shards).flatMap(({ features, labels }) => [features, labels]);
  return { kind: 'learn', key, parameters, inputs: [setRef, whitening, state, ...shards] };
}
