import type { BlobStore } from '../../src/model/blob-store.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import { sha256 } from '../../src/base/ids.ts';
import type { DescribedSet } from './described-set.ts';
import { SetWriter, shardRows } from './set-writer.ts';

const heldOutShare = 0.1;

/** The photos to learn from of a set, in the order of a hash of their ids, the first tenth held out. */
export async function photoTrainingSet(
  blobs: BlobStore,
  { extractor, classes, train }: DescribedSet,
): Promise<TrainingSet> {
  const order = train.ids
    .map((id, row) => ({ hash: sha256(id), row }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1))
    .map(({ row }) => row);
  const writer = new SetWriter(blobs, extractor, classes);
  const heldOut = Math.round(order.length * heldOutShare);
  for (const [part, rows] of [
    ['heldOut', order.slice(0, heldOut)],
    ['learn', order.slice(heldOut)],
  ] as const)
    for (let first = 0; first < rows.length; first += shardRows) {
      const some = rows.slice(first, first + shardRows);
      await writer.add(part, {
        ids: some.map((row) => train.ids[row]!),
        values: gather(train.values, some, extractor.dims),
        scales: gather(train.scales, some, 2),
        labels: gather(train.labels, some, classes.length),
      });
    }
  return await writer.finish();
}

/** Some rows of a matrix, in the order named. */
function gather<T extends Uint8Array | Int8Array | Float32Array>(
  matrix: T,
  rows: readonly number[],
  width: number,
): T {
  const gathered = new (matrix.constructor as new (length: number) => T)(rows.length * width);
  rows.forEach((row, place) => {
    gathered.set(matrix.subarray(row * width, (row + 1) * width), place * width);
  });
  return gathered;
}
