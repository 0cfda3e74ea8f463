import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { Kernel } from '../vision/kernel.ts';
import { LinearProjection, type ClassifierBlock } from '../vision/linear-projection.ts';
import { classesOf, type ClassRange } from './class-range.ts';
import { readState } from './classifier-state.ts';
import type { Whitening } from '../vision/linear-whitening.ts';

/** Where the learned classifiers of some classes are. */
export interface LearnedBlock {
  readonly ranges: readonly ClassRange[];
  readonly state: BlobRef;
}

/**
 * Classifiers of features, out of the states of learning of whitened ones: averages, if there are any.
 *
 * @param range - the classes that are wanted
 * @returns w `[classes × dims]` and b `[classes]` of the range; zeros where no block has a class
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function rawClassifiers(
  { kernel, blobs }: { readonly kernel: Kernel; readonly blobs: BlobStore },
  whitening: Whitening,
  learned: readonly LearnedBlock[],
  [first, count]: ClassRange,
): Promise<ClassifierBlock> {
  const dims = whitening.mean.length;
  const all = { w: new Float32Array(count * dims), b: new Float32Array(count) };
  const projection = new LinearProjection(kernel, whitening, 1);
  try {
    for (const { ranges, state } of learned) {
      const classes = classesOf(ranges);
      const wanted = classes.flatMap((index, row) =>
        index >= first && index < first + count ? [[index - first, row] as const] : [],
      );
      if (wanted.length === 0) continue;
      const { current, average, averaged } = await readState(blobs, state);
      const rows = take(
        averaged > 0 ? average : current,
        wanted.map(([, row]) => row),
        dims,
      );
      const raw = projection.toRaw(rows);
      wanted.forEach(([target], row) => {
        all.w.set(raw.w.subarray(row * dims, (row + 1) * dims), target * dims);
        all.b[target] = raw.b[row] ?? 0;
      });
    }
    return all;
  } finally {
    projection.free();
  }
}

function take({ w, b }: ClassifierBlock, rows: readonly number[], dims: number): ClassifierBlock {
  const taken = { w: new Float32Array(rows.length * dims), b: new Float32Array(rows.length) };
  rows.forEach((row, place) => {
    taken.w.set(w.subarray(row * dims, (row + 1) * dims), place * dims);
    taken.b[place] = b[row] ?? 0;
  });
  return taken;
}
