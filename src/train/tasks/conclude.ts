import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { rowsOf, type TrainingSet } from '../../model/training-set/training-set.ts';
import { FeatureBlockReader } from '../../model/training-set/feature-block.ts';
import { readBundle } from '../array-bundle.ts';
import { blockOfBundle } from '../evaluation-block-bundle.ts';
import { EvaluationMerger } from '../evaluation-merger.ts';
import type { Task } from '../task.ts';
import { readTrainingSet } from '../training-set-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  /** How many classes were said to exclude each other. */
  exclusive: z.int().min(0),
  /** How many of the inputs, after the training set, are results of class blocks. */
  blocks: z.int().min(1),
});

/** What an evaluation says in a line. */
export const evaluationSummary = z.strictObject({
  meanAveragePrecision: z.number().nullable(),
  judgedClasses: z.int(),
  precision: z.number().nullable(),
  recall: z.number().nullable(),
  calibrationError: z.number().nullable(),
  accuracy: z.number().nullable(),
});

/** What concluding gives beside the evaluation. */
export const conclusion = z.strictObject({
  /** To be put into the calibration of each class. */
  correction: z.strictObject({ a: z.number(), b: z.number() }),
  summary: evaluationSummary,
});

/** Puts the results of class blocks together: output the evaluation as JSON; the value is a {@link conclusion}. */
export const conclude: TaskHandler = async (task, { blobs, progress }) => {
  const { exclusive, blocks } = parametersOf(task, schema);
  const { heldOut, classes } = await readTrainingSet(blobs, inputOf(task, 0));
  const merger = new EvaluationMerger(rowsOf(heldOut));
  for (let index = 0; index < blocks; index += 1) {
    merger.add(blockOfBundle(await readBundle(blobs, inputOf(task, 1 + index), 'evaluated-classes')));
    progress(index + 1, blocks);
  }
  const photos: string[] = [];
  for (const { features } of heldOut) {
    const reader = await FeatureBlockReader.open(blobs.path(features.id));
    photos.push(...(await reader.ids()));
    await reader.close();
  }
  const { evaluation, correction } = merger.finish({ classes, photos }, exclusive);
  const { meanAveragePrecision, judgedClasses, precision, recall, calibrationError } = evaluation;
  const accuracy = evaluation.exclusive?.accuracy ?? null;
  const summary = { meanAveragePrecision, judgedClasses, precision, recall, calibrationError, accuracy };
  return {
    outputs: [await blobs.put([Buffer.from(JSON.stringify(evaluation), 'utf8')])],
    value: { correction: { ...correction }, summary },
  };
};

/** The task that puts the results of class blocks together. */
export function concludeTask(
  key: string,
  exclusive: number,
  { setRef, set, results }: { setRef: BlobRef; set: TrainingSet; results: readonly BlobRef[] },
): Task {
  return {
    kind: 'conclude',
    key,
    parameters: { exclusive, blocks: results.length },
    inputs: [setRef, ...results, ...set.heldOut.map(({ features }) => features)],
  };
}
