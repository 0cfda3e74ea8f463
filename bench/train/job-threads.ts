import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { setupFiles } from '../../src/base/package-root.ts';
import { JobPool } from '../../src/pool/job-pool.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { loadParameters } from '../../src/vision/parameter-file.ts';

/**
 * The product's job threads, as a node starts them.
 * @param folder - has the blobs that tasks read and write, in `blobs`, and what is temporary
 */
export async function openJobPool(threads: number, folder: string): Promise<JobPool> {
  const pool = new JobPool({
    threads,
    clock: systemClock,
    setup: { kernel: await Kernel.compile(), parameters: await loadParameters(setupFiles.lite0) },
    blobs: join(folder, 'blobs'),
    scratch: join(folder, 'scratch'),
  });
  return pool;
}
