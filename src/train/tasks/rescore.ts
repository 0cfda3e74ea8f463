import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { type FeatureSelection, snapshotOfRows } from '../../model/feature-store/feature-snapshot.ts';
import { SnapshotReader } from '../../model/feature-store/snapshot-reader.ts';
import { ModelScorer } from '../../model/model-scorer.ts';
import type { QuantisedRows } from '../../vision/quantised-features.ts';
import type { TagSelection } from '../../vision/scores.ts';
import type { Json, Task, TaskResult } from '../task.ts';
import { featureSource, type FeatureSource, sourceOf } from './feature-source.ts';
import type { TaskContext, TaskHandler } from './task-context.ts';
import { parametersOf } from './task-parts.ts';

const schema = z.strictObject({ sources: z.array(featureSource).min(1) });

/** Photos whose rows are read at once. */
const readRows = 512;
/** Photos that are scored at once: the kernel streams the matrix once for so many. */
const groupRows = 64;

/** The tags of a photo, `undefined` where a row of it is damaged. */
type Found = TagSelection | undefined;

/** As it travels: the tags of one photo after those of another. */
interface Packed {
  /** Tags of each photo, −1 where a row of it is damaged. */
  readonly counts: Int32Array;
  readonly classes: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * Scores photos by their stored features with the model that the job was given; the value is {@link Packed}. It reads files of the node, so
 * it runs where they are.
 */
export const rescore: TaskHandler = async (task, context) => {
  const { sources } = parametersOf(task, schema);
  const readers: RowReader[] = [];
  try {
    for (const each of sources) readers.push(await RowReader.open(each));
    // No JSON: it stays in this process.
    return { outputs: [], value: pack(await scoreAll(readers, context)) as unknown as Json };
  } finally {
    for (const reader of readers) await reader.close();
  }
};

async function scoreAll(
  readers: readonly RowReader[],
  { kernel, extractors, model, progress, signal }: TaskContext,
): Promise<Found[]> {
  if (model === undefined) throw new Fault('INTERNAL', { reason: 'nothing says which model is to score' });
  const scorer = new ModelScorer(kernel, extractors);
  const photos = readers[0]?.photos ?? 0;
  const found: Found[] = [];
  for (let first = 0; first < photos; first += readRows) {
    signal.throwIfAborted();
    const end = Math.min(first + readRows, photos);
    for (const reader of readers) await reader.read(first, end);
    for (let from = first; from < end; from += groupRows) {
      const to = Math.min(from + groupRows, end);
      const rows = new Map(readers.map((reader) => [reader.extractor, reader.rows(from, to)]));
      for (const [index, tags] of scorer.tagRows(rows, to - from, model).entries())
        found.push(readers.some(({ damaged }) => damaged.has(from + index)) ? undefined : tags);
      progress(to, photos);
    }
  }
  return found;
}

/** Reads the rows of one extractor, a stretch at a time. */
class RowReader {
  readonly extractor: string;
  /** Photos whose rows are not what was written. */
  readonly damaged = new Set<number>();
  readonly #dims: number;
  readonly #places: Uint32Array;
  readonly #reader: SnapshotReader;
  readonly #values: Uint8Array;
  readonly #scales = new Float32Array(2 * readRows);
  #first = 0;

  private constructor({ extractor, places }: FeatureSource, reader: SnapshotReader) {
    this.extractor = extractor.id;
    this.#dims = extractor.dims;
    this.#places = Uint32Array.from(places);
    this.#reader = reader;
    this.#values = new Uint8Array(readRows * extractor.dims);
  }

  static async open(wanted: FeatureSource): Promise<RowReader> {
    return new RowReader(wanted, await SnapshotReader.open(snapshotOfRows(wanted)));
  }

  get photos(): number {
    return this.#places.length;
  }

  async read(first: number, end: number): Promise<void> {
    this.#first = first;
    const into = { values: this.#values, scales: this.#scales };
    await this.#reader.read(this.#places.subarray(first, end), into, (index) => {
      this.damaged.add(first + index);
    });
  }

  /** Rows of photos that were read last; another time they are others. */
  rows(from: number, to: number): QuantisedRows {
    const [first, end] = [from - this.#first, to - this.#first];
    return {
      values: this.#values.subarray(first * this.#dims, end * this.#dims),
      scales: this.#scales.subarray(2 * first, 2 * end),
    };
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function pack(found: readonly Found[]): Packed {
  const counts = Int32Array.from(found, (tags) => tags?.indices.length ?? -1);
  const total = found.reduce((sum, tags) => sum + (tags?.indices.length ?? 0), 0);
  const packed = { counts, classes: new Uint32Array(total), scores: new Float32Array(total) };
  let at = 0;
  for (const tags of found) {
    if (tags === undefined) continue;
    packed.classes.set(tags.indices, at);
    packed.scores.set(tags.scores, at);
    at += tags.indices.length;
  }
  return packed;
}

/**
 * The task that scores photos again.
 * @param key - names it within its run
 * @param selections - of each extractor of the model, all of the same photos, which all have features
 */
export function rescoreTask(key: string, selections: readonly FeatureSelection[]): Task {
  return { kind: 'rescore', key, parameters: { sources: selections.map(sourceOf) }, inputs: [] };
}

/** What a {@link rescoreTask} gave, of each photo. */
export function rescoreResult({ value }: TaskResult): Found[] {
  // It comes from the task above, on this node.
  const { counts, classes, scores } = value as unknown as Packed;
  let at = 0;
  return Array.from(counts, (count) => {
    if (count < 0) return undefined;
    const [from, to] = [at, (at += count)];
    return { indices: classes.subarray(from, to), scores: scores.subarray(from, to) };
  });
}
