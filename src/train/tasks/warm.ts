import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { LinearProjection } from '../../vision/linear-projection.ts';
import { classRange } from '../class-range.ts';
import { putState } from '../classifier-state.ts';
import { rawClassifiers, type LearnedBlock } from '../raw-classifiers.ts';
import type { Task } from '../task.ts';
import { readWhitening } from '../whitening-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  /** For each class of the block, its place among the classes of the model that it comes from. */
  origins: z.array(z.int().min(0)).min(1),
  /** Classes of that model. */
  classes: z.int().min(1),
  /** What classes each of its blocks has; their states are inputs. */
  learned: z.array(z.array(classRange)),
  /** Steps that count as done: later ones are as small as those at the end of learning. */
  steps: z.int().min(0),
});

/** Takes classifiers from one whitening to another: inputs the old and the new one and the old states; output a state. */
export const warm: TaskHandler = async (task, context) => {
  const { origins, classes, learned, steps } = parametersOf(task, schema);
  const { kernel, blobs } = context;
  const before = await readWhitening(blobs, inputOf(task, 0));
  const after = await readWhitening(blobs, inputOf(task, 1));
  const blocks = learned.map((ranges, index) => ({ ranges, state: inputOf(task, 2 + index) }));
  const all = await rawClassifiers(context, before, blocks, [0, classes]);
  const dims = before.mean.length;
  const own = { w: new Float32Array(origins.length * dims), b: new Float32Array(origins.length) };
  origins.forEach((origin, row) => {
    own.w.set(all.w.subarray(origin * dims, (origin + 1) * dims), row * dims);
    own.b[row] = all.b[origin] ?? 0;
  });
  const projection = new LinearProjection(kernel, after, 1);
  try {
    const current = projection.toWhitened(own);
    const state = { current, average: current, steps, averaged: 0 };
    return { outputs: [await putState(blobs, state)], value: null };
  } finally {
    projection.free();
  }
};

/** The task that takes classifiers over from another model. */
export function warmTask(
  key: string,
  { origins, classes, steps }: Omit<z.infer<typeof schema>, 'learned'>,
  { before, after, learned }: { before: BlobRef; after: BlobRef; learned: readonly LearnedBlock[] },
): Task {
  return {
    kind: 'warm',
    key,
    parameters: { origins, classes, steps, learned: learned.map(({ ranges }) => [...ranges]) },
    inputs: [before, after, ...learned.map(({ state }) => state)],
  };
}
