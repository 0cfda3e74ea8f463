import { mkdir } from 'node:fs/promises';
import { constants, getPriority, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { Fault } from '../base/errors.ts';
import { BlobStore } from '../model/blob-store.ts';
import { LastModel } from '../model/last-model.ts';
import type { TaskResult } from '../train/task.ts';
import type { TaskHandler } from '../train/tasks/index.ts';
import { Extractors } from '../vision/extractors.ts';
import { Kernel } from '../vision/kernel.ts';
import { JobBoard } from './job-board.ts';
import type { Job, JobSetup } from './job-messages.ts';
import type { ReadyTask, ThreadReply } from './thread-messages.ts';

/** How often a task that awaits something hears of a cancel, ms. */
const cancelCheckMs = 100;

/** A job thread's handler of messages: carries out tasks by a table, with a kernel of its own that stays warm. */
export function jobHandler(
  handlers: Readonly<Record<string, TaskHandler>>,
): (job: Job | ReadyTask) => Promise<ThreadReply<TaskResult | undefined>> {
  const { kernel: module, parameters } = workerData as JobSetup;
  giveWay();
  const kernel = Kernel.instantiate(module);
  const extractors = new Extractors(kernel, parameters);
  const models = new LastModel();
  const carryOut = async ({ task, model, blobs, scratch, board: buffer }: Job): Promise<TaskResult> => {
    const handler = Object.hasOwn(handlers, task.kind) ? handlers[task.kind] : undefined;
    if (handler === undefined)
      throw new Fault('REQUEST_INVALID', {
        reason: `this version knows no task ${JSON.stringify(task.kind)}`,
      });
    const board = new JobBoard(buffer);
    const cancel = new AbortController();
    const check = () => {
      if (board.cancelled && !cancel.signal.aborted)
        cancel.abort(new Fault('CANCELLED', { what: `task ${task.key}` }));
    };
    const timer = setInterval(check, cancelCheckMs);
    try {
      await mkdir(scratch, { recursive: true });
      return await handler(task, {
        kernel,
        blobs: new BlobStore(blobs),
        scratch,
        extractors,
        models,
        model,
        progress: (done, total) => {
          board.progress = { done, total };
          check();
        },
        signal: cancel.signal,
      });
    } finally {
      clearInterval(timer);
    }
  };
  return async (job) => {
    if (job.kind === 'ready') return { ok: true, value: undefined };
    try {
      return { ok: true, value: await carryOut(job) };
    } catch (error) {
      return { ok: false, fault: Fault.from(error).toWire() };
    }
  };
}

/** Lets photos that are uploaded go first. Only where a thread has a priority of its own: elsewhere this would be the whole node's. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));
}
