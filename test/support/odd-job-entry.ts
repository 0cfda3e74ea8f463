// A job thread whose tasks do odd things: for tests of what becomes of tasks, wherever they are carried out.
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { Fault } from '../../src/base/errors.ts';
import { jobHandler } from '../../src/pool/job-handler.ts';
import type { Task, TaskResult } from '../../src/train/task.ts';
import type { TaskContext, TaskHandler } from '../../src/train/tasks/index.ts';

/** What every odd task takes. */
export interface OddParameters {
  /** A line is added to this file when the task begins: its key. */
  readonly log?: string;
  /** For `blob`: how many bytes of output. */
  readonly bytes?: number;
  /** For `wait`: goes on when this file is there. */
  readonly until?: string;
}

const nothing: TaskResult = { outputs: [], value: null };

const odd: Readonly<Record<string, (task: Task, context: TaskContext) => unknown>> = {
  /** The thread it was in, its priority, and how many temporary files there were. */
  look: async (_, { scratch }) => {
    const files = await readdir(scratch);
    await writeFile(join(scratch, 'temporary'), 'x');
    return { outputs: [], value: { threadId, priority: getPriority(), files: files.length, scratch } };
  },
  /** Copies its inputs into one output, which may be made longer. */
  blob: async ({ inputs, key, parameters }, { blobs }) => {
    const { bytes = 0 } = parameters as OddParameters;
    const parts = await Promise.all(inputs.map(({ id }) => blobs.read(id)));
    const filling = Buffer.alloc(bytes, `${key} `);
    return { outputs: [await blobs.put([...parts, filling])], value: inputs.length };
  },
  fail: () => {
    throw new Fault('FILE_READ', { file: 'a.txt', reason: 'it says so' });
  },
  again: () => {
    throw new Fault('DISK_FULL', { file: 'a.txt' });
  },
  bug: () => {
    throw new TypeError('not a function');
  },
  /** Not on this node, until a file is there. */
  elsewhere: async ({ parameters }) => {
    const { until = '' } = parameters as OddParameters;
    if ((await readdir(join(until, '..'))).some((name) => until.endsWith(`/${name}`))) return nothing;
    throw new Fault('EXTRACTOR_OTHER', { expected: 'hog version 3', found: 'hog version 2' });
  },
  exit: () => process.exit(3),
  fill: () => {
    const kept: number[][] = [];
    for (;;) kept.push(new Array<number>(10_000).fill(kept.length));
  },
  /** Heeds nothing. */
  spin: () => {
    for (;;);
  },
  /** Computes without awaiting anything, but hears of a cancel. */
  compute: (_, { progress, signal }) => {
    for (let done = 0; ; done++) {
      progress(done, 0);
      signal.throwIfAborted();
    }
  },
  wait: async ({ parameters }, { progress, signal }) => {
    const { until = '' } = parameters as OddParameters;
    for (let done = 1; ; done++) {
      progress(done, 1_000);
      signal.throwIfAborted();
      if ((await readdir(join(until, '..'))).some((name) => until.endsWith(`/${name}`))) return nothing;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
};

const handlers: Record<string, TaskHandler> = {};
for (const [kind, act] of Object.entries(odd)) {
  handlers[kind] = async (task, context) => {
    const { log } = task.parameters as OddParameters;
    if (log !== undefined) await appendFile(log, `${task.key}\n`);
    return (await act(task, context)) as TaskResult;
  };
}

/** Carries out odd tasks. */
export default jobHandler(handlers);
