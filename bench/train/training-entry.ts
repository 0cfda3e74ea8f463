import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStore } from '../../src/model/blob-store.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import type { Task, TaskRunner } from '../../src/train/task.ts';
import { TrainingRun } from '../../src/train/training-run.ts';
import { openJobPool } from './job-threads.ts';
import type { TrainingCosts, TrainingOutcome, TrainingStart } from './training-process.ts';

// A process that does nothing but train, so that its memory and time are those of training.
const { folder, threads } = JSON.parse(process.argv[2] ?? '{}') as TrainingStart;
const set = JSON.parse(await readFile(join(folder, 'set.json'), 'utf8')) as TrainingSet;
const blobs = new BlobStore(join(folder, 'blobs'));
const spans: Record<string, { from: number; to: number }> = {};
const kinds: Record<string, number> = {};

const begin = { at: performance.now(), cpu: process.cpuUsage() };
const pool = await openJobPool(threads, folder);
let previewSeconds = NaN;
const run = new TrainingRun(set, {
  tasks: timed(pool),
  blobs,
  signal: new AbortController().signal,
  name: 'bench',
  description: 'trained by the bench',
  created: '2026-01-01T00:00:00Z',
  precision: 0.5,
  onProgress: () => undefined,
  publish: ({ kind }) => {
    if (kind === 'preview') previewSeconds = secondsSince(begin.at);
    return Promise.resolve();
  },
});
const { file, summary } = await run.learn();
const { user, system } = process.cpuUsage(begin.cpu);
const costs: TrainingCosts = {
  seconds: secondsSince(begin.at),
  cpuSeconds: (user + system) / 1e6,
  previewSeconds,
  peakRssMib: await peakRssMib(),
  steps: Object.fromEntries(Object.entries(spans).map(([step, { from, to }]) => [step, (to - from) / 1000])),
  kinds,
  heldOut: summary,
};
const outcome: TrainingOutcome = { costs, model: blobs.path(file.id) };
process.send?.(outcome, () => {
  process.exit(0);
});

/** The pool, with a stopwatch on its tasks. */
function timed({ parallelism }: TaskRunner): TaskRunner {
  return {
    parallelism,
    run: async (task, options) => {
      const from = performance.now();
      const result = await pool.run(task, options);
      const to = performance.now();
      const span = (spans[stepOf(task)] ??= { from, to });
      span.to = to;
      kinds[task.kind] = (kinds[task.kind] ?? 0) + (to - from) / 1000;
      return result;
    },
  };
}

/** Tasks are named after their steps, but for two. */
function stepOf({ key }: Task): string {
  const [step = ''] = key.split('/');
  return { start: 'preview', exclude: 'whiten' }[step] ?? step;
}

function secondsSince(from: number): number {
  return (performance.now() - from) / 1000;
}

/** Most memory that this process ever had in use. What `getrusage` says may be its parent's, from before it was this program. */
async function peakRssMib(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return (kibibytes === undefined ? process.resourceUsage().maxRSS : Number(kibibytes)) / 1024;
}
