import type { BlobRef } from '../blob-store.ts';
import type { ExtractorReference } from '../model-header.ts';

/** Some photos of a training set: their features, and their labels in the same order. */
export interface Shard {
  readonly rows: number;
  /** See `FeatureBlockReader`. */
  readonly features: BlobRef;
  /** See `LabelBlockReader`. */
  readonly labels: BlobRef;
}

/** Examples of each class, in the order of the classes. */
export interface ClassCounts {
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

/** Labelled photos with features, in an order that is random and always the same; plain data. */
export interface TrainingSet {
  readonly extractor: ExtractorReference;
  readonly classes: readonly string[];
  /** To learn from. Every class has a positive and a negative example in them. */
  readonly learn: readonly Shard[];
  /** To calibrate and to judge on: photos that are not in {@link TrainingSet.learn}. */
  readonly heldOut: readonly Shard[];
  /** Every label of a photo that has features, those of classes that were left out among them: see `labelsSchema`. */
  readonly labels: BlobRef;
  /** Examples in {@link TrainingSet.learn}. */
  readonly counts: ClassCounts;
  /** Examples in {@link TrainingSet.heldOut}. */
  readonly heldOutCounts: ClassCounts;
}

/** How many rows shards have together. */
export function rowsOf(shards: readonly Pick<Shard, 'rows'>[]): number {
  return shards.reduce((sum, { rows }) => sum + rows, 0);
}
