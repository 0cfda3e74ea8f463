import { fork } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtEntry } from '../../src/base/built-entry.ts';
import type { BlobStore } from '../../src/model/blob-store.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import type { TrainedModel } from '../../src/train/training-run.ts';

/** What the process is told on its command line, as JSON. */
export interface TrainingStart {
  /** Has the training set, in `set.json`, and the blobs. */
  readonly folder: string;
  readonly threads: number;
}

/** What training took. */
export interface TrainingCosts {
  /** From nothing to the model, the start of the threads included. */
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
  /** When the preview was ready. */
  readonly previewSeconds: number;
  readonly peakRssMib: number;
  /** Seconds of each step. */
  readonly steps: Readonly<Record<string, number>>;
  /** Seconds of tasks by kind, added up over threads, and with the wait for a free thread. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What the run itself says of the model, by held-out rows. */
  readonly heldOut: TrainedModel['summary'];
}

/** What training took, and what it gave. */
export interface TrainingOutcome {
  readonly costs: TrainingCosts;
  /** The model's file. */
  readonly model: string;
}

/** Trains in a process of its own, in a new folder beside the set's blobs. The folder stays; remove it. */
export async function trainInProcess(
  set: TrainingSet,
  {
    blobs,
    folder,
    threads,
  }: { readonly blobs: BlobStore; readonly folder: string; readonly threads: number },
): Promise<TrainingOutcome> {
  await mkdir(join(folder, 'blobs'), { recursive: true });
  const inputs = new Set(
    [...set.learn, ...set.heldOut].flatMap(({ features, labels }) => [features.id, labels.id]),
  );
  for (const id of inputs) await link(blobs.path(id), join(folder, 'blobs', id));
  await writeFile(join(folder, 'set.json'), JSON.stringify(set));
  const start: TrainingStart = { folder, threads };
  const entry = builtEntry('training-entry', import.meta.url);
  const child = fork(entry, [JSON.stringify(start)], { execArgv: [] });
  const exited = once(child, 'exit');
  const outcome = await Promise.race([
    once(child, 'message').then(([message]) => message as TrainingOutcome),
    exited.then(([code]) => {
      throw new Error(`The process that trains ended with code ${String(code)}.`);
    }),
  ]);
  await exited;
  return outcome;
}
