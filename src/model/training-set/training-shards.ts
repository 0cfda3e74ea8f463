import { Holdout, holdoutRate } from './holdout.ts';
import type { JoinDatabase } from './join-database.ts';
import { type PhotoLabels, unlabelled } from './label-rows.ts';
import type { PhotoOrder } from './photo-order.ts';
import { ClassSums, ShardWriter, type ShardWriting } from './shard-writer.ts';
import type { TrainingSet } from './training-set.ts';

/** What the shards of a training set are written from. */
export interface ShardsInput {
  readonly database: JoinDatabase;
  readonly order: PhotoOrder;
  /** Numbers of the classes that are learned, ascending: their places are those in the training set. */
  readonly kept: readonly number[];
  /** The number that says that a photo's labels are complete. */
  readonly marker: number;
  /** Positive examples of the kept classes. */
  readonly positives: readonly number[];
  /** Photos with labels. */
  readonly photos: number;
  readonly maxHeldOut: number;
  readonly writing: ShardWriting;
  readonly onProgress: (photos: number) => void;
}

/** The parts of a training set that are its photos. */
export type WrittenShards = Pick<TrainingSet, 'learn' | 'heldOut' | 'counts' | 'heldOutCounts'>;

/**
 * Writes the photos of the tables `photos` and `labels` as shards. Those of an earlier training set stay in their shards, but for
 * held-out ones that a class cannot be learned without.
 * @throws Fault `DISK_FULL`, `FILE_WRITE`; those of the feature source
 */
export async function writeShards(input: ShardsInput): Promise<WrittenShards> {
  const { order, positives, photos, maxHeldOut, kept, writing, onProgress } = input;
  const holdout = new Holdout({ positives, every: holdoutRate(photos, maxHeldOut) });
  const sums = { learn: new ClassSums(kept.length), heldOut: new ClassSums(kept.length) };
  const added = {
    learn: new ShardWriter(writing, sums.learn),
    heldOut: new ShardWriter(writing, sums.heldOut),
  };
  const earlier = {
    learn: new ShardWriter(writing, sums.learn),
    heldOut: new ShardWriter(writing, sums.heldOut),
  };
  let [shard, done] = [0, 0];
  for await (const { photo, id, place, labels } of labelledPhotos(input)) {
    for (; photo >= (order.earlier[shard]?.end ?? Infinity); shard++)
      await earlier[partOf(order.earlier[shard])].finish();
    const before = order.earlier[shard];
    const part = holdout.decide(labels, before?.isHeldOut);
    await (before !== undefined && partOf(before) === part ? earlier : added)[part].add(id, place, labels);
    onProgress((done += 1));
  }
  for (const writer of [earlier.learn, earlier.heldOut, added.learn, added.heldOut]) await writer.finish();
  return {
    learn: [...earlier.learn.shards, ...added.learn.shards],
    heldOut: [...earlier.heldOut.shards, ...added.heldOut.shards],
    counts: sums.learn.toCounts(),
    heldOutCounts: sums.heldOut.toCounts(),
  };
}

function partOf(shard: { readonly isHeldOut: boolean } | undefined): 'learn' | 'heldOut' {
  return shard?.isHeldOut === true ? 'heldOut' : 'learn';
}

/** A photo with labels of classes that are learned. */
interface LabelledPhoto {
  readonly photo: number;
  readonly id: string;
  readonly place: number;
  readonly labels: PhotoLabels;
}

/** The photos with labels of kept classes, in order. */
async function* labelledPhotos({ database, kept, marker }: ShardsInput): AsyncGenerator<LabelledPhoto> {
  const photos = storedPhotos(database);
  let photo = -1;
  for await (const { number, labels } of labelsOfPhotos(database, keptPlaces(kept, marker), marker)) {
    let found: Omit<LabelledPhoto, 'photo' | 'labels'> | undefined;
    for (; photo < number; photo++) found = (await photos.next()).value;
    const isUsed = labels.isComplete || labels.entries.some((entry) => (entry & 3) !== unlabelled);
    if (found !== undefined && isUsed) yield { photo, ...found, labels };
  }
  await photos.return(undefined);
}

/** The place of each class in the training set, −1 if it is left out. */
function keptPlaces(kept: readonly number[], classes: number): Int32Array {
  const places = new Int32Array(classes).fill(-1);
  for (const [place, number] of kept.entries()) places[number] = place;
  return places;
}

async function* storedPhotos(
  database: JoinDatabase,
): AsyncGenerator<{ id: string; place: number }, undefined, undefined> {
  for await (const chunk of database.stream('SELECT id, place FROM photos ORDER BY rowid')) {
    const ids = chunk.getColumnVector(0);
    const places = chunk.getColumnVector(1);
    for (let row = 0; row < chunk.rowCount; row++)
      yield { id: ids.getItem(row) as string, place: places.getItem(row) as number };
  }
  return undefined;
}

async function* labelsOfPhotos(
  database: JoinDatabase,
  places: Int32Array,
  marker: number,
): AsyncGenerator<{ number: number; labels: PhotoLabels }> {
  let number = -1;
  let entries: number[] = [];
  let isComplete = false;
  for await (const chunk of database.stream('SELECT photo, label FROM labels')) {
    const photos = chunk.getColumnVector(0);
    const labels = chunk.getColumnVector(1);
    for (let row = 0; row < chunk.rowCount; row++) {
      const photo = photos.getItem(row) as number;
      const label = labels.getItem(row) as number;
      if (photo !== number) {
        if (number >= 0) yield { number, labels: { entries, isComplete } };
        [number, entries, isComplete] = [photo, [], false];
      }
      const place = places[label >>> 2] ?? -1;
      if (label >>> 2 === marker) isComplete = true;
      else if (place >= 0) entries.push(place * 4 + (label & 3));
    }
  }
  if (number >= 0) yield { number, labels: { entries, isComplete } };
}
