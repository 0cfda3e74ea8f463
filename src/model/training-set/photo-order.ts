import { INTEGER, UINTEGER, VARCHAR } from '@duckdb/node-api';
import type { Fault } from '../../base/errors.ts';
import type { QuantisedRows } from '../../vision/quantised-features.ts';
import type { BlobStore } from '../blob-store.ts';
import { FeatureBlockReader } from './feature-block.ts';
import type { JoinDatabase } from './join-database.ts';
import type { TrainingSet } from './training-set.ts';

/** Stored features that a join reads: a `SnapshotReader`. */
export interface FeatureSource {
  /** All photos, each once, and where their rows are. */
  photos(
    report: (fault: Fault) => void,
  ): AsyncIterable<{ readonly ids: readonly string[]; readonly places: Uint32Array }>;
  /** Reads rows by their places; damaged ones are zeros, and told of. */
  read(
    places: Uint32Array,
    into: QuantisedRows,
    onDamaged: (index: number, fault: Fault) => void,
  ): Promise<void>;
}

/** A part of the order of photos: those of a shard of an earlier training set that are still there. */
export interface EarlierShard {
  readonly isHeldOut: boolean;
  /** The photo after its last. */
  readonly end: number;
}

/** The order of photos in the training set. From here on a photo is its number in this order, the `rowid` of the table `photos (id, place)`. */
export interface PhotoOrder {
  readonly photos: number;
  /** These come first. */
  readonly earlier: readonly EarlierShard[];
}

/**
 * Puts photos in order: those of an earlier training set as they were, then the others by a hash of their ids, which is random
 * and always the same.
 */
export async function orderPhotos(
  database: JoinDatabase,
  features: FeatureSource,
  { blobs, base, onGap }: { blobs: BlobStore; base?: TrainingSet | undefined; onGap: (fault: Fault) => void },
): Promise<PhotoOrder> {
  await addStoredPhotos(database, features, onGap);
  const shards = await addEarlierRows(database, blobs, base);
  await database.run(
    `CREATE TABLE photos AS SELECT id, place, shard FROM stored_photos LEFT JOIN earlier_rows USING (id)
      ORDER BY shard NULLS LAST, number, md5_number_upper(id), id`,
  );
  for (const table of ['stored_photos', 'earlier_rows']) await database.run(`DROP TABLE ${table}`);
  return {
    photos: await database.count('SELECT count(*) FROM photos'),
    earlier: await earlierShards(database, shards),
  };
}

async function addStoredPhotos(
  database: JoinDatabase,
  features: FeatureSource,
  report: (fault: Fault) => void,
): Promise<void> {
  await database.run('CREATE TABLE stored_photos (id VARCHAR, place UINTEGER)');
  const rows = await database.appender('stored_photos', [VARCHAR, UINTEGER]);
  for await (const { ids, places } of features.photos(report))
    for (const [index, id] of ids.entries()) rows.add(id, places[index] ?? 0);
  rows.close();
}

/** @returns whether each shard is held out */
async function addEarlierRows(
  database: JoinDatabase,
  blobs: BlobStore,
  base: TrainingSet | undefined,
): Promise<boolean[]> {
  await database.run('CREATE TABLE earlier_rows (id VARCHAR, shard INTEGER, number INTEGER)');
  const shards = [base?.learn ?? [], base?.heldOut ?? []].flatMap((part, index) =>
    part.map(({ features }) => ({ features, isHeldOut: index === 1 })),
  );
  const rows = await database.appender('earlier_rows', [VARCHAR, INTEGER, INTEGER]);
  for (const [shard, { features }] of shards.entries()) {
    const block = await FeatureBlockReader.open(blobs.path(features.id));
    try {
      for (const [number, id] of (await block.ids()).entries()) rows.add(id, shard, number);
    } finally {
      await block.close();
    }
  }
  rows.close();
  return shards.map(({ isHeldOut }) => isHeldOut);
}

async function earlierShards(database: JoinDatabase, isHeldOut: readonly boolean[]): Promise<EarlierShard[]> {
  const counts = await database.run(
    'SELECT shard, max(rowid) + 1 FROM photos WHERE shard IS NOT NULL GROUP BY shard ORDER BY shard',
  );
  return counts.map(([shard, end]) => ({ isHeldOut: isHeldOut[Number(shard)] ?? false, end: Number(end) }));
}
