import type { BlobStore } from '../model/blob-store.ts';
import { LabelBlockReader } from '../model/training-set/label-block.ts';
import type { Shard } from '../model/training-set/training-set.ts';
import type { Kernel } from '../vision/kernel.ts';
import { LinearBatch } from '../vision/linear-batch.ts';
import { LinearProjection } from '../vision/linear-projection.ts';
import type { ClassRange } from './class-range.ts';
import { countOf } from './class-range.ts';
import { ShardRows } from './shard-rows.ts';
import { fillTargets } from './targets.ts';
import { WhitenedCache } from './whitened-cache.ts';
import type { MeasuredWhitening } from './whitening-blob.ts';

/** A batch of rows with their labels. */
export interface LabelledBatch {
  readonly batch: LinearBatch;
  /** `Int8Array [rows × classes]`: 1, −1, or 0 where there is no label. */
  readonly targets: Int8Array;
}

/** What {@link LearningRows} reads. */
export interface LearningRowsOptions {
  readonly kernel: Kernel;
  readonly blobs: BlobStore;
  readonly whitening: MeasuredWhitening;
  /** Names the whitening: rows are kept for the next epoch by it. */
  readonly whiteningId: string;
  /** The classes whose labels are wanted. */
  readonly ranges: readonly ClassRange[];
  readonly batchRows: number;
}

const cache = new WhitenedCache();

/** Reads shards as batches of whitened rows with labels, in constant memory. */
export class LearningRows {
  readonly #options: LearningRowsOptions;
  readonly #projection: LinearProjection;
  readonly #raw: LinearBatch;
  readonly #whitened: LinearBatch;
  readonly #targets: Int8Array;

  constructor(options: LearningRowsOptions) {
    const { kernel, whitening, ranges, batchRows: capacity } = options;
    const shape = { capacity, dims: whitening.mean.length };
    this.#options = options;
    this.#projection = new LinearProjection(kernel, whitening, capacity);
    this.#raw = new LinearBatch(kernel, shape);
    this.#whitened = new LinearBatch(kernel, shape);
    this.#targets = new Int8Array(capacity * countOf(ranges));
  }

  /** The batches of a shard, in its order; each is overwritten by the next. */
  async *of(shard: Shard): AsyncIterable<LabelledBatch> {
    const { blobs, whiteningId, batchRows } = this.#options;
    const labels = await LabelBlockReader.open(blobs.path(shard.labels.id));
    const features = await ShardRows.open(blobs, shard.features, batchRows);
    try {
      for (let first = 0; first < shard.rows; first += batchRows) {
        const rows = Math.min(batchRows, shard.rows - first);
        const key = `${shard.features.id} ${String(first)} ${String(rows)}`;
        if (!cache.restore(whiteningId, key, this.#whitened)) {
          const { values, scales } = await features.read(first, rows);
          this.#raw.loadQuantised(values, scales);
          this.#projection.project(this.#raw, this.#whitened);
          cache.keep(whiteningId, key, this.#whitened);
        }
        yield { batch: this.#whitened, targets: this.#label(labels, first, rows) };
      }
    } finally {
      await features.close();
    }
  }

  #label(labels: LabelBlockReader, first: number, rows: number): Int8Array {
    return fillTargets(labels, { first, rows }, this.#options.ranges, this.#targets);
  }

  /** Gives the kernel's memory back. */
  free(): void {
    this.#whitened.free();
    this.#raw.free();
    this.#projection.free();
  }
}
