import { join } from 'node:path';
import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import type { Task } from '../task.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({ photos: z.array(z.string()).min(1) });

/** Takes photos out of the labels of a training set: input the labels; output those without them, nothing if they have none of them. */
export const forget: TaskHandler = async (task, { blobs, scratch, signal }) => {
  const { photos } = parametersOf(task, schema);
  const options = { blobs, scratch: join(scratch, 'labels'), signal };
  // Whoever asks for this task needs no database.
  const { labelsWithout } = await import('../../model/training-set/labels-without.ts');
  const left = await labelsWithout(inputOf(task, 0), photos, options);
  return { outputs: left === undefined ? [] : [left], value: null };
};

/** The task that takes photos out of labels. */
export function forgetTask(labels: BlobRef, photos: readonly string[]): Task {
  return {
    kind: 'forget',
    key: `forget/${labels.id}`,
    parameters: { photos: [...photos] },
    inputs: [labels],
  };
}
