import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '../../src/model/blob-store.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { LinearBatch } from '../../src/vision/linear-batch.ts';
import { LinearLearner } from '../../src/vision/linear-learner.ts';
import { quantiseFeatures } from '../../src/vision/quantised-features.ts';
import type { DescribedSet } from './described-set.ts';
import { RandomNumbers } from './random-numbers.ts';
import { SetWriter, shardRows } from './set-writer.ts';

/** How large a made-up training set is. */
export interface MadeSize {
  readonly rows: number;
  readonly classes: number;
  /** Features a row: the first so many of the real ones. */
  readonly dims: number;
}

/** Of all rows, a class has so many positives and negatives; it says nothing of the others. */
const positiveShare = 1 / 30;
const negativeShare = 1 / 3;
const heldOutShare = 0.1;
const mostHeldOut = 20_000;
/** What is added to a feature of a real row, in its standard deviations. */
const featureNoise = 0.5;
/** What is added to a row's score for a class, in the scores' standard deviations: some labels are wrong. */
const scoreNoise = 0.3;
const batchRows = 512;

/**
 * A training set of any size out of real rows: rows are drawn again and again, with noise; a class is a random direction, its positives
 * are the rows of a shard that lie farthest in it, more or less. Made once, and always the same.
 *
 * @param blobs - where it goes; sets that have rows in common share them
 * @param notes - folder that remembers which sets are there
 */
export async function madeSet(
  size: MadeSize,
  { real, blobs, notes }: { readonly real: DescribedSet; readonly blobs: BlobStore; readonly notes: string },
): Promise<TrainingSet> {
  const note = join(notes, `${String(size.rows)}-${String(size.classes)}-${String(size.dims)}.json`);
  const known = await readFile(note, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as TrainingSet;
  const set = await makeSet(size, real, blobs);
  await mkdir(notes, { recursive: true });
  await writeFile(`${note}.new`, JSON.stringify(set));
  await rename(`${note}.new`, note);
  return set;
}

async function makeSet({ rows, classes, dims }: MadeSize, real: DescribedSet, blobs: BlobStore) {
  const names = Array.from({ length: classes }, (_, index) => `class ${String(index)}`);
  const writer = new SetWriter(blobs, { ...real.extractor, dims }, names);
  const deviations = deviationsOf(real, dims);
  const directions = new Directions(await Kernel.compile(), classes, deviations);
  const heldOut = Math.min(Math.round(rows * heldOutShare), mostHeldOut);
  let first = 0;
  for (const [part, end] of [
    ['heldOut', heldOut],
    ['learn', rows],
  ] as const)
    while (first < end) {
      const count = Math.min(shardRows, end - first);
      const features = drawRows(real, deviations, { first, count });
      const labels = new Int8Array(count * classes);
      const margins = directions.margins(features.values, features.scales);
      for (let index = 0; index < classes; index += 1)
        label({ margins, labels, classes, index, first, count });
      await writer.add(part, { ...features, labels });
      first += count;
    }
  directions.free();
  return await writer.finish();
}

/** Standard deviations of the real rows' features, `[dims]`. */
function deviationsOf({ extractor, train: { values, scales } }: DescribedSet, dims: number): Float32Array {
  const rows = scales.length / 2;
  const sums = new Float64Array(dims);
  const squares = new Float64Array(dims);
  for (let row = 0; row < rows; row += 1)
    for (let at = 0; at < dims; at += 1) {
      const value = scales[2 * row]! + scales[2 * row + 1]! * values[row * extractor.dims + at]!;
      sums[at]! += value;
      squares[at]! += value * value;
    }
  return Float32Array.from(squares, (square, at) =>
    Math.sqrt(Math.max(square / rows - (sums[at]! / rows) ** 2, 1e-12)),
  );
}

function drawRows(
  { extractor, train }: DescribedSet,
  deviations: Float32Array,
  { first, count }: { readonly first: number; readonly count: number },
) {
  const dims = deviations.length;
  const random = new RandomNumbers(first + 1);
  const values = new Uint8Array(count * dims);
  const scales = new Float32Array(2 * count);
  const x = new Float32Array(dims);
  for (let row = 0; row < count; row += 1) {
    const source = random.below(train.ids.length);
    const [offset, scale] = [train.scales[2 * source]!, train.scales[2 * source + 1]!];
    for (let at = 0; at < dims; at += 1)
      x[at] =
        offset +
        scale * train.values[source * extractor.dims + at]! +
        featureNoise * deviations[at]! * random.bell();
    const quantised = quantiseFeatures(x);
    values.set(quantised.values, row * dims);
    scales.set([quantised.offset, quantised.scale], 2 * row);
  }
  const ids = Array.from({ length: count }, (_, row) => `row-${String(first + row)}`);
  return { ids, values, scales };
}

/** A random direction for each class, over standardised features. */
class Directions {
  readonly #learner: LinearLearner;
  readonly #batch: LinearBatch;
  readonly #classes: number;
  readonly #dims: number;

  constructor(module: WebAssembly.Module, classes: number, deviations: Float32Array) {
    const dims = deviations.length;
    const kernel = Kernel.instantiate(module);
    this.#classes = classes;
    this.#dims = dims;
    this.#learner = new LinearLearner(kernel, { capacity: batchRows, dims, classes });
    this.#batch = new LinearBatch(kernel, { capacity: batchRows, dims });
    const w = new Float32Array(classes * dims);
    for (let index = 0; index < classes; index += 1) {
      const random = new RandomNumbers(1e6 + index);
      for (let at = 0; at < dims; at += 1) w[index * dims + at] = random.bell() / deviations[at]!;
    }
    this.#learner.load({ w, b: new Float32Array(classes) });
  }

  /** `Float32Array [rows × classes]` */
  margins(values: Uint8Array, scales: Float32Array): Float32Array {
    const rows = scales.length / 2;
    const margins = new Float32Array(rows * this.#classes);
    for (let first = 0; first < rows; first += batchRows) {
      const end = Math.min(first + batchRows, rows);
      this.#batch.loadQuantised(
        values.subarray(first * this.#dims, end * this.#dims),
        scales.subarray(2 * first, 2 * end),
      );
      margins.set(this.#learner.margins(this.#batch, 'current'), first * this.#classes);
    }
    return margins;
  }

  free(): void {
    this.#learner.free();
    this.#batch.free();
  }
}

interface Column {
  /** `[rows × classes]` */
  readonly margins: Float32Array;
  /** `[rows × classes]` */
  readonly labels: Int8Array;
  readonly classes: number;
  /** Which class. */
  readonly index: number;
  /** Rows before these. */
  readonly first: number;
  readonly count: number;
}

/** The highest scores are positive; of the others, some are negative, evenly over the rows; of the rest nothing is known. */
function label({ margins, labels, classes, index, first, count }: Column): void {
  const random = new RandomNumbers(7919 * (first + 1) + index);
  const scores = new Float32Array(count);
  let squares = 0;
  let sum = 0;
  for (let row = 0; row < count; row += 1) {
    const margin = margins[row * classes + index]!;
    scores[row] = margin;
    sum += margin;
    squares += margin * margin;
  }
  const noise = scoreNoise * Math.sqrt(squares / count - (sum / count) ** 2);
  for (let row = 0; row < count; row += 1) scores[row]! += noise * random.bell();
  let positives = quota(first, count, positiveShare);
  const limit = scores.toSorted()[count - positives]!;
  const negatives = quota(first, count, negativeShare);
  const others = count - positives;
  let debt = random.below(others);
  for (let row = 0; row < count; row += 1)
    if (scores[row]! >= limit && positives > 0) {
      labels[row * classes + index] = 1;
      positives -= 1;
    } else {
      debt += negatives;
      if (debt < others) continue;
      debt -= others;
      labels[row * classes + index] = -1;
    }
}

/** How many of some rows, so that a share of all has them. */
function quota(first: number, count: number, share: number): number {
  return Math.round((first + count) * share) - Math.round(first * share);
}
