import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { setupFiles } from '../../src/base/package-root.ts';
import { JobPool } from '../../src/pool/job-pool.ts';
import { Kernel } from '../../src/vision/kernel.ts';

/**
 * The product's job threads, as a node starts them.
 * @param folder - has the blobs that tasks read and write, in `blobs`, and what is temporary
 */
export async function openJobPool(threads: number, folder: string): Promise<JobPool> {
  const file = await readFile(setupFiles.lite0);
  const parameters = new SharedArrayBuffer(file.length);
  new Uint8Array(parameters).set(file);
  const pool = new JobPool({
    threads,
    clock: systemClock,
    setup: { kernel: await Kernel.compile(), parameters },
    blobs: join(folder, 'blobs'),
    scratch: join(folder, 'scratch'),
  });
  return pool;
}
