import { builtEntry } from '../../src/base/built-entry.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { systemClock } from '../../src/base/clock.ts';
import { JobPool, type JobPoolOptions } from '../../src/pool/job-pool.ts';
import type { BlobRef } from '../../src/model/blob-store.ts';
import type { Task } from '../../src/train/task.ts';
import type { OddParameters } from './odd-job-entry.ts';

/** The code of threads that carry out odd tasks. */
export const oddJobEntry = builtEntry('odd-job-entry', import.meta.url);

/** A pool of threads that carry out odd tasks, with its files below `folder`. */
export async function oddJobPool(folder: string, options: Partial<JobPoolOptions> = {}): Promise<JobPool> {
  return new JobPool({
    clock: systemClock,
    setup: { kernel: await Kernel.compile(), parameters: undefined },
    blobs: `${folder}/blobs`,
    scratch: `${folder}/scratch`,
    entry: oddJobEntry,
    threads: 1,
    ...options,
  });
}

/** An odd task. */
export function oddTask(
  kind: string,
  key = kind,
  parameters: OddParameters = {},
  inputs: readonly BlobRef[] = [],
): Task {
  return { kind, key, parameters: { ...parameters }, inputs };
}
