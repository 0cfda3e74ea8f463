import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobRef, BlobStore } from '../blob-store.ts';
import { JoinDatabase } from './join-database.ts';

/** What {@link labelsWithout} works with. */
export interface LabelsWithoutOptions {
  readonly blobs: BlobStore;
  /** A folder that is emptied, used, and removed. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

const memoryBytes = 256_000_000;

/**
 * Takes photos out of the labels of a training set.
 *
 * It computes, so it belongs into a worker thread.
 * @returns the other labels, in their order; `undefined` if there are none of these photos
 * @throws Fault as `joinTrainingSet`
 */
export async function labelsWithout(
  labels: BlobRef,
  photos: readonly string[],
  { blobs, scratch, signal }: LabelsWithoutOptions,
): Promise<BlobRef | undefined> {
  // Several threads would write the rows in another order each time.
  return await JoinDatabase.use({ scratch, signal, memoryBytes, threads: 1 }, async (database) => {
    const [from, file] = [blobs.path(labels.id), join(scratch, 'labels.parquet')];
    const list = photos.map((_, index) => `$photo${String(index)}`).join(', ');
    const names = Object.fromEntries(photos.map((photo, index) => [`photo${String(index)}`, photo]));
    const found = await database.count(`SELECT count(*) FROM read_parquet($from) WHERE photo IN (${list})`, {
      from,
      ...names,
    });
    if (found === 0) return undefined;
    await database.run(
      `COPY (SELECT * FROM read_parquet($from) WHERE photo NOT IN (${list}))
        TO $file (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
      { from, file, ...names },
    );
    try {
      return await blobs.put(createReadStream(file));
    } finally {
      await rm(file);
    }
  });
}
