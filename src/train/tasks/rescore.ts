import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { type FeatureSelection, snapshotOfRows } from '../../model/feature-store/feature-snapshot.ts';
import { SnapshotReader } from '../../model/feature-store/snapshot-reader.ts';
import { ModelScorer } from '../../model/model-scorer.ts';
import { dequantiseFeatures } from '../../vision/quantised-features.ts';
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

/** As it travels: plain arrays, the tags of one photo after those of another. */
interface Packed {
  /** Tags of each photo, −1 where a row of it is damaged. */
  readonly counts: number[];
  readonly classes: number[];
  readonly scores: number[];
}

/**
 * Scores photos by their stored features with the model that the job was given; the value is {@link Packed}. It reads files of the node, so
 * it runs where they are.
 */
export const rescore: TaskHandler = async (task, context) => {
  const { sources } = parametersOf(task, schema);
  const packed: Packed = { counts: [], classes: [], scores: [] };
  const readers: RowReader[] = [];
  try {
    for (const each of sources) readers.push(await RowReader.open(each));
    await scoreAll(readers, context, packed);
  } finally {
    for (const reader of readers) await reader.close();
  }
  // An interface is not assignable to JSON, whatever it has.
  return { outputs: [], value: packed as unknown as Json };
};

async function scoreAll(
  readers: readonly RowReader[],
  { kernel, extractors, model, progress, signal }: TaskContext,
  packed: Packed,
): Promise<void> {
  if (model === undefined) throw new Fault('INTERNAL', { reason: 'nothing says which model is to score' });
  const scorer = new ModelScorer(kernel, extractors);
  const photos = readers[0]?.photos ?? 0;
  for (let first = 0; first < photos; first += readRows) {
    signal.throwIfAborted();
    const end = Math.min(first + readRows, photos);
    for (const reader of readers) await reader.read(first, end);
    for (let from = first; from < end; from += groupRows) {
      const to = Math.min(from + groupRows, end);
      const rows = new Map(readers.map((reader) => [reader.extractor, reader.features(from, to)]));
      for (const [index, tags] of scorer.tagRows(rows, to - from, model).entries())
        pack(packed, readers.some(({ damaged }) => damaged.has(from + index)) ? undefined : tags);
      progress(to, photos);
    }
  }
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
  readonly #x: Float32Array;
  #first = 0;

  private constructor({ extractor, places }: FeatureSource, reader: SnapshotReader) {
    this.extractor = extractor.id;
    this.#dims = extractor.dims;
    this.#places = Uint32Array.from(places);
    this.#reader = reader;
    this.#values = new Uint8Array(readRows * extractor.dims);
    this.#x = new Float32Array(groupRows * extractor.dims);
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

  /** `Float32Array [photos × dims]`, of photos that were read last; another time it holds others. */
  features(from: number, to: number): Float32Array {
    const [first, end] = [from - this.#first, to - this.#first];
    const x = this.#x.subarray(0, (to - from) * this.#dims);
    const values = this.#values.subarray(first * this.#dims, end * this.#dims);
    dequantiseFeatures(values, this.#scales.subarray(2 * first, 2 * end), x);
    return x;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function pack({ counts, classes, scores }: Packed, tags: TagSelection | undefined): void {
  counts.push(tags?.indices.length ?? -1);
  classes.push(...(tags?.indices ?? []));
  scores.push(...(tags?.scores ?? []));
}

/**
 * The task that scores photos again.
 * @param key - names it within its run
 * @param selections - of each extractor of the model, all of the same photos, which all have features
 */
export function rescoreTask(key: string, selections: readonly FeatureSelection[]): Task {
  return { kind: 'rescore', key, parameters: { sources: selections.map(sourceOf) }, inputs: [] };
}

/** What a {@link rescoreTask} gave: of each photo the tags, `undefined` where a row of it is damaged. */
export function rescoreResult({ value }: TaskResult): (TagSelection | undefined)[] {
  // It comes from the task above, on this node.
  const { counts, classes, scores } = value as unknown as Packed;
  let at = 0;
  return counts.map((count) => {
    if (count < 0) return undefined;
    const [from, to] = [at, (at += count)];
    return {
      indices: Uint32Array.from(classes.slice(from, to)),
      scores: Float32Array.from(scores.slice(from, to)),
    };
  });
}
