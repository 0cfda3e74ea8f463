import type { BlobRef } from '../model/blob-store.ts';
import type { TrainingSet } from '../model/training-set/training-set.ts';
import type { LearnedBlock } from './raw-classifiers.ts';

/** What a model was learned from, and how far: an update starts from it. Plain data. */
export interface TrainingRecord {
  readonly set: TrainingSet;
  /** Sums over the rows of shards, by the id of their features. */
  readonly sums: Readonly<Record<string, BlobRef>>;
  readonly whitening: BlobRef;
  /** Classifiers that have not seen the held-out rows, so that those can calibrate their successors as well. */
  readonly learned: readonly LearnedBlock[];
}

/** What is left of a record once photos in it were forgotten: the labels of the others. A model is learned anew from these. */
export interface LabelRecord {
  /** Without photos. */
  readonly set: TrainingSet;
}

/** Whether an update can go on from it. */
export function isWhole(record: TrainingRecord | LabelRecord): record is TrainingRecord {
  return 'whitening' in record;
}

/** What is left of a record when some of its photos are gone. */
export function labelRecord({ set }: LabelRecord, labels: BlobRef): LabelRecord {
  return { set: { ...set, learn: [], heldOut: [], labels } };
}

/** Every blob that a record names. */
export function blobsOf(record: TrainingRecord | LabelRecord): BlobRef[] {
  const { set } = record;
  const shards = [...set.learn, ...set.heldOut].flatMap(({ features, labels }) => [features, labels]);
  if (!isWhole(record)) return [set.labels, ...shards];
  const { sums, whitening, learned } = record;
  return [set.labels, ...shards, ...Object.values(sums), whitening, ...learned.map(({ state }) => state)];
}

/** What an update of a model can keep. */
export interface UpdatePlan {
  /** For each class of the new set, its place in the old one; −1 if it has none there, or such other examples that it begins anew. */
  readonly origins: readonly number[];
  /** Places of the shards to learn from that are new or whose labels have changed. */
  readonly changed: readonly number[];
  /** Labels of the shards whose photos are the same and whose labels are not. */
  readonly relabelled: readonly { readonly before: BlobRef; readonly after: BlobRef }[];
}

/**
 * Compares a new training set with that of a model; `undefined` if photos are gone that the model has learned from: what they
 * taught it does not come out again, so that it must be learned anew.
 */
export function planUpdate({ set: before }: TrainingRecord, set: TrainingSet): UpdatePlan | undefined {
  const features = new Set(set.learn.map((shard) => shard.features.id));
  if (before.learn.some((shard) => !features.has(shard.features.id))) return undefined;
  const known = new Map(before.learn.map((shard) => [shard.features.id, shard.labels]));
  const places = new Map(before.classes.map((name, place) => [name, place]));
  const originOf = (name: string, index: number): number => {
    const place = places.get(name) ?? -1;
    return place < 0 || isMuchOther(countsAt(before, place), countsAt(set, index)) ? -1 : place;
  };
  return {
    origins: set.classes.map(originOf),
    changed: set.learn.flatMap((shard, place) =>
      known.get(shard.features.id)?.id === shard.labels.id ? [] : [place],
    ),
    relabelled: set.learn.flatMap(({ features, labels: after }) => {
      const labels = known.get(features.id);
      return labels === undefined || labels.id === after.id ? [] : [{ before: labels, after }];
    }),
  };
}

function countsAt({ counts }: TrainingSet, index: number): number[] {
  return [counts.positives[index] ?? 0, counts.negatives[index] ?? 0];
}

/** Whether one side has become half as many again, or the reverse: an epoch of small steps does not follow that far. */
function isMuchOther(before: readonly number[], after: readonly number[]): boolean {
  return before.some((count, side) => {
    const now = after[side] ?? 0;
    return Math.max(count, now) > 1.5 * Math.min(count, now);
  });
}

/** The shards that an update learns from: those that changed, and at least as many rows of the others against forgetting. */
export function rehearsed(set: TrainingSet, changed: readonly number[]): number[] {
  const rowsOf = (place: number) => set.learn[place]?.rows ?? 0;
  const isChanged = new Set(changed);
  let wanted = changed.reduce((sum, place) => sum + rowsOf(place), 0);
  const others: number[] = [];
  for (const place of set.learn.keys()) {
    if (wanted <= 0) break;
    if (isChanged.has(place)) continue;
    others.push(place);
    wanted -= rowsOf(place);
  }
  return [...changed, ...others];
}
