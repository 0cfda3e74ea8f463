import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import { FeatureBlockReader } from '../model/training-set/feature-block.ts';
import type { QuantisedRows } from '../vision/quantised-features.ts';
import { toUnitLength } from '../vision/unit-length.ts';

/** Reads the features of a shard as a learner takes them: rows of unit length. */
export class ShardRows {
  readonly #features: FeatureBlockReader;
  readonly #values: Uint8Array;
  readonly #scales: Float32Array;

  private constructor(features: FeatureBlockReader, batchRows: number) {
    this.#features = features;
    this.#values = new Uint8Array(batchRows * features.dims);
    this.#scales = new Float32Array(2 * batchRows);
  }

  /**
   * Opens the features of a shard.
   * @param batchRows - rows that are read at once, at most
   * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
   */
  static async open(blobs: BlobStore, { id }: BlobRef, batchRows: number): Promise<ShardRows> {
    return new ShardRows(await FeatureBlockReader.open(blobs.path(id)), batchRows);
  }

  get rows(): number {
    return this.#features.rows;
  }

  get dims(): number {
    return this.#features.dims;
  }

  /** Reads rows; the next call overwrites them. */
  async read(first: number, count: number): Promise<QuantisedRows> {
    const rows = {
      values: this.#values.subarray(0, count * this.dims),
      scales: this.#scales.subarray(0, 2 * count),
    };
    await this.#features.read(first, count, rows);
    return toUnitLength(rows);
  }

  /** Photo ids of the rows. */
  ids(): Promise<string[]> {
    return this.#features.ids();
  }

  close(): Promise<void> {
    return this.#features.close();
  }
}
