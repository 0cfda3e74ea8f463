import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BlobRef, BlobStore } from '../../model/blob-store.ts';
import { writeModel } from '../../model/model-writer.ts';
import { readBundle } from '../array-bundle.ts';
import { applyCorrection } from '../calibration-correction.ts';
import { classRange } from '../class-range.ts';
import { blockOfBundle } from '../evaluation-block-bundle.ts';
import { rawClassifiers, type LearnedBlock } from '../raw-classifiers.ts';
import type { Task } from '../task.ts';
import { readTrainingSet } from '../training-set-blob.ts';
import { readWhitening } from '../whitening-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  /** Name of the model's block. */
  name: z.string(),
  description: z.string(),
  created: z.iso.datetime(),
  correction: z.strictObject({ a: z.number(), b: z.number() }),
  learned: z.array(z.array(classRange)),
});

/** What the assembled model is called, and how many classes it has. */
export const assembled = z.strictObject({ model: z.string(), classes: z.int() });

/**
 * Writes the model: inputs the training set, the whitening, states of learning and results of calibration; output the model's file.
 */
export const assemble: TaskHandler = async (task, context) => {
  const { name, description, created, correction, learned } = parametersOf(task, schema);
  const { blobs, scratch } = context;
  const set = await readTrainingSet(blobs, inputOf(task, 0));
  const whitening = await readWhitening(blobs, inputOf(task, 1));
  const states = learned.map((ranges, index) => ({ ranges, state: inputOf(task, 2 + index) }));
  const results = task.inputs.slice(2 + learned.length);
  const classifiers = await rawClassifiers(context, whitening, states, [0, set.classes.length]);
  const calibrated = await calibrationOf(blobs, results, set.classes.length);
  const file = join(scratch, 'assembled.model');
  const model = await writeModel(file, {
    created,
    provenance: { description, sources: [{ name: 'training set', sha256: inputOf(task, 0).id }] },
    blocks: [
      {
        name,
        extractor: set.extractor,
        score: 'platt',
        rows: 'unit',
        classes: [...set.classes],
        ...classifiers,
        ...applyCorrection(correction, calibrated.calibration, calibrated.thresholds),
      },
    ],
  });
  return {
    outputs: [await blobs.put(createReadStream(file))],
    value: { model, classes: set.classes.length },
  };
};

async function calibrationOf(blobs: BlobStore, results: readonly BlobRef[], classes: number) {
  const calibration = new Float32Array(2 * classes);
  const thresholds = new Float32Array(classes);
  for (const result of results) {
    const block = blockOfBundle(await readBundle(blobs, result, 'evaluated-classes'));
    calibration.set(block.calibration, 2 * block.firstClass);
    thresholds.set(block.thresholds, block.firstClass);
  }
  return { calibration, thresholds };
}

/** The task that writes the model. */
export function assembleTask(
  key: string,
  parameters: Omit<z.infer<typeof schema>, 'learned'>,
  {
    setRef,
    whitening,
    learned,
    results,
  }: { setRef: BlobRef; whitening: BlobRef; learned: readonly LearnedBlock[]; results: readonly BlobRef[] },
): Task {
  return {
    kind: 'assemble',
    key,
    parameters: { ...parameters, learned: learned.map(({ ranges }) => [...ranges]) },
    inputs: [setRef, whitening, ...learned.map(({ state }) => state), ...results],
  };
}
