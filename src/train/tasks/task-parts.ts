import type { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import type { BlobRef } from '../../model/blob-store.ts';
import type { Task } from '../task.ts';

/**
 * The parameters of a task, checked: it may come from another version.
 * @throws Fault `REQUEST_INVALID`
 */
export function parametersOf<T>(task: Task, schema: z.ZodType<T>): T {
  const result = schema.safeParse(task.parameters);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Fault('REQUEST_INVALID', {
    reason: `task ${task.key}: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`,
  });
}

/**
 * An input of a task.
 * @throws Fault `REQUEST_INVALID`
 */
export function inputOf(task: Task, index: number): BlobRef {
  const input = task.inputs[index];
  if (input === undefined)
    throw new Fault('REQUEST_INVALID', { reason: `task ${task.key} has no input ${String(index)}` });
  return input;
}
