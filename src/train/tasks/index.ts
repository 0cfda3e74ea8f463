import type { TaskHandler } from './task-context.ts';

export type { TaskContext, TaskHandler } from './task-context.ts';

/** Loaded with its first task: a thread starts without the database that joins labels, or the plots of a report. */
function lazy(load: () => Promise<TaskHandler>): TaskHandler {
  return async (task, context) => (await load())(task, context);
}

/** Who carries out a task, by its kind. */
export const taskHandlers: Readonly<Record<string, TaskHandler>> = {
  assemble: lazy(async () => (await import('./assemble.ts')).assemble),
  calibrate: lazy(async () => (await import('./calibrate.ts')).calibrate),
  compare: lazy(async () => (await import('./compare.ts')).compare),
  conclude: lazy(async () => (await import('./conclude.ts')).conclude),
  describe: lazy(async () => (await import('./describe.ts')).describe),
  exclude: lazy(async () => (await import('./exclude.ts')).exclude),
  forget: lazy(async () => (await import('./forget.ts')).forget),
  join: lazy(async () => (await import('./join.ts')).join),
  learn: lazy(async () => (await import('./learn.ts')).learn),
  related: lazy(async () => (await import('./related.ts')).related),
  report: lazy(async () => (await import('./report.ts')).report),
  rescore: lazy(async () => (await import('./rescore.ts')).rescore),
  start: lazy(async () => (await import('./start.ts')).start),
  statistics: lazy(async () => (await import('./statistics.ts')).statistics),
  tag: lazy(async () => (await import('./tag.ts')).tag),
  warm: lazy(async () => (await import('./warm.ts')).warm),
  whiten: lazy(async () => (await import('./whiten.ts')).whiten),
};
