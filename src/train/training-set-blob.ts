import { Fault } from '../base/errors.ts';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { Shard, TrainingSet } from '../model/training-set/training-set.ts';

/** Stores what a training set consists of. */
export function putTrainingSet(blobs: BlobStore, set: TrainingSet): Promise<BlobRef> {
  return blobs.put([Buffer.from(JSON.stringify(set), 'utf8')]);
}

/**
 * Reads what a training set consists of.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readTrainingSet(blobs: BlobStore, { id }: BlobRef): Promise<TrainingSet> {
  const content = await blobs.read(id);
  // Its checksum is right, so this version's `putTrainingSet` or a later one has written it.
  return JSON.parse(content.toString('utf8')) as TrainingSet;
}

/**
 * Shards by their places: those to learn from come first, then those that are held out.
 * @throws Fault `REQUEST_INVALID`
 */
export function shardsOf({ learn, heldOut }: TrainingSet, places: readonly number[]): Shard[] {
  return places.map((place) => {
    const shard = place < learn.length ? learn[place] : heldOut[place - learn.length];
    if (shard === undefined)
      throw new Fault('REQUEST_INVALID', { reason: `the training set has no shard ${String(place)}` });
    return shard;
  });
}
