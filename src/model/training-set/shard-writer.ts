import type { Fault } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import type { ExtractorReference } from '../model-header.ts';
import { putFeatureBlock } from './feature-block.ts';
import { putLabelBlock } from './label-block.ts';
import { LabelRows, negative, type PhotoLabels } from './label-rows.ts';
import type { FeatureSource } from './photo-order.ts';
import type { ClassCounts, Shard } from './training-set.ts';

/** What shards are written with. */
export interface ShardWriting {
  readonly blobs: BlobStore;
  readonly features: FeatureSource;
  readonly extractor: ExtractorReference;
  readonly classes: number;
  readonly shardRows: number;
  /** Told of photos whose features are damaged; they are left out. */
  readonly onDamaged: (photo: string) => void;
}

/** Labels of a shard that are kept in memory: a shard has fewer rows where photos have more than a thousand labels each. */
const maxEntries = 12 * 1024 * 1024;

/** Writes photos as shards, in the order in which they come; one shard is in memory. */
export class ShardWriter {
  readonly shards: Shard[] = [];
  readonly #writing: ShardWriting;
  readonly #counts: ClassSums;
  #ids: string[] = [];
  #places: number[] = [];
  #labels: LabelRows;

  /** @param counts - where examples are counted, also those of other writers */
  constructor(writing: ShardWriting, counts: ClassSums) {
    this.#writing = writing;
    this.#counts = counts;
    this.#labels = new LabelRows(writing.classes);
  }

  /** Adds a photo. @throws Fault `DISK_FULL`, `FILE_WRITE` */
  async add(id: string, place: number, labels: PhotoLabels): Promise<void> {
    this.#ids.push(id);
    this.#places.push(place);
    this.#labels.add(labels);
    if (this.#ids.length === this.#writing.shardRows || this.#labels.entries().length >= maxEntries)
      await this.finish();
  }

  /** Writes what has come so far as a shard, if anything has. @throws Fault `DISK_FULL`, `FILE_WRITE` */
  async finish(): Promise<void> {
    const { blobs, extractor, features, classes, onDamaged } = this.#writing;
    const { dims } = extractor;
    const rows = this.#ids.length;
    if (rows === 0) return;
    const read = { values: new Uint8Array(rows * dims), scales: new Float32Array(2 * rows) };
    const damaged = new Set<number>();
    const onDamagedRow = (index: number, _: Fault) => damaged.add(index);
    await features.read(Uint32Array.from(this.#places), read, onDamagedRow);
    for (const index of damaged) onDamaged(this.#ids[index] ?? '');
    const kept =
      damaged.size === 0 ? undefined : [...this.#ids.keys()].filter((index) => !damaged.has(index));
    const ids = kept?.map((index) => this.#ids[index] ?? '') ?? this.#ids;
    const labels = kept === undefined ? this.#labels : pick(this.#labels, kept);
    if (ids.length > 0) {
      const block = kept === undefined ? read : pickFeatures(read, kept, dims);
      this.shards.push({
        rows: ids.length,
        features: await putFeatureBlock(blobs, { extractor, ids, ...block }),
        labels: await putLabelBlock(blobs, labels),
      });
      this.#counts.add(labels);
    }
    this.#ids = [];
    this.#places = [];
    this.#labels = new LabelRows(classes);
  }
}

/** Examples of each class over many shards. */
export class ClassSums {
  readonly #positives: number[];
  readonly #negatives: number[];

  constructor(classes: number) {
    this.#positives = new Array<number>(classes).fill(0);
    this.#negatives = new Array<number>(classes).fill(0);
  }

  add(labels: LabelRows): void {
    for (const [at, count] of labels.positives().entries())
      this.#positives[at] = (this.#positives[at] ?? 0) + count;
    for (const [at, count] of labels.negatives().entries())
      this.#negatives[at] = (this.#negatives[at] ?? 0) + count;
  }

  /** Plain data. */
  toCounts(): ClassCounts {
    return { positives: this.#positives, negatives: this.#negatives };
  }
}

function pick(labels: LabelRows, kept: readonly number[]): LabelRows {
  const picked = new LabelRows(labels.classes);
  const entries = labels.entries();
  for (const row of kept) {
    const listed = entries.subarray(labels.starts[row], labels.starts[row + 1]);
    // What a row does not list is its default, which is what complete labels are.
    picked.add({ entries: [...listed], isComplete: labels.defaults[row] === negative });
  }
  return picked;
}

function pickFeatures(
  { values, scales }: { values: Uint8Array; scales: Float32Array },
  kept: readonly number[],
  dims: number,
): { values: Uint8Array; scales: Float32Array } {
  const picked = { values: new Uint8Array(kept.length * dims), scales: new Float32Array(2 * kept.length) };
  for (const [to, from] of kept.entries()) {
    picked.values.set(values.subarray(from * dims, (from + 1) * dims), to * dims);
    picked.scales.set(scales.subarray(2 * from, 2 * from + 2), 2 * to);
  }
  return picked;
}
