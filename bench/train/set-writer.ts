import type { BlobStore } from '../../src/model/blob-store.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import { putFeatureBlock } from '../../src/model/training-set/feature-block.ts';
import { putLabelBlock } from '../../src/model/training-set/label-block.ts';
import { LabelRows, negative, positive } from '../../src/model/training-set/label-rows.ts';
import type { ClassCounts, Shard, TrainingSet } from '../../src/model/training-set/training-set.ts';

/** Rows of a shard, as the join cuts them. */
export const shardRows = 8_192;

/** A shard to be written. */
export interface ShardContent {
  readonly ids: readonly string[];
  /** `Uint8Array [rows × dims]` */
  readonly values: Uint8Array;
  /** `Float32Array [rows × 2]`: offset and scale of each row */
  readonly scales: Float32Array;
  /** `Int8Array [rows × classes]`: 1, −1, or 0 where there is no label */
  readonly labels: Int8Array;
}

/** Puts a training set together shard by shard, in the formats in which the product's join leaves it. */
export class SetWriter {
  readonly #blobs: BlobStore;
  readonly #extractor: ExtractorReference;
  readonly #classes: readonly string[];
  readonly #shards: Record<'learn' | 'heldOut', Shard[]> = { learn: [], heldOut: [] };
  readonly #counts: Record<'learn' | 'heldOut', { positives: number[]; negatives: number[] }>;

  constructor(blobs: BlobStore, extractor: ExtractorReference, classes: readonly string[]) {
    this.#blobs = blobs;
    this.#extractor = extractor;
    this.#classes = classes;
    const none = () => ({ positives: classes.map(() => 0), negatives: classes.map(() => 0) });
    this.#counts = { learn: none(), heldOut: none() };
  }

  /** Adds a shard of {@link shardRows} at most. */
  async add(part: 'learn' | 'heldOut', { ids, values, scales, labels }: ShardContent): Promise<void> {
    const rows = this.#labelRows(labels, ids.length);
    const features = await putFeatureBlock(this.#blobs, { extractor: this.#extractor, ids, values, scales });
    this.#shards[part].push({ rows: ids.length, features, labels: await putLabelBlock(this.#blobs, rows) });
    const { positives, negatives } = this.#counts[part];
    rows.positives().forEach((count, index) => (positives[index]! += count));
    rows.negatives().forEach((count, index) => (negatives[index]! += count));
  }

  #labelRows(labels: Int8Array, rows: number): LabelRows {
    const classes = this.#classes.length;
    const packed = new LabelRows(classes);
    for (let row = 0; row < rows; row += 1) {
      const entries: number[] = [];
      for (let index = 0; index < classes; index += 1) {
        const label = labels[row * classes + index]!;
        if (label !== 0) entries.push(4 * index + (label > 0 ? positive : negative));
      }
      packed.add({ entries, isComplete: false });
    }
    return packed;
  }

  /** The training set. The table of all labels is empty: learning does not read it. */
  async finish(): Promise<TrainingSet> {
    const { learn, heldOut } = this.#shards;
    const counts: ClassCounts = this.#counts.learn;
    return {
      extractor: this.#extractor,
      classes: this.#classes,
      learn,
      heldOut,
      labels: await this.#blobs.put([]),
      counts,
      heldOutCounts: this.#counts.heldOut,
    };
  }
}
