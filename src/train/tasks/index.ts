import type { TaskHandler } from './task-context.ts';

export type { ExtractorParameters, TaskContext, TaskHandler } from './task-context.ts';

/** Who carries out a task, by its kind. */
export const taskHandlers: Readonly<Record<string, TaskHandler>> = {};
