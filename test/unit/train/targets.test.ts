import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { LabelBlockReader, putLabelBlock } from '../../../src/model/training-set/label-block.ts';
import { LabelRows, negative, positive } from '../../../src/model/training-set/label-rows.ts';
import { classesOf, rangesOf } from '../../../src/train/class-range.ts';
import { fillTargets } from '../../../src/train/targets.ts';
import { withFolder } from '../../support/training-set.ts';

const rows = 5;
const classes = 11;

/** Label of a row for a class. */
const labelOf = (row: number, index: number) => ((row * 7 + index * 5) % 3) - 1;

async function labelBlock(folder: string): Promise<LabelBlockReader> {
  const blobs = new BlobStore(join(folder, 'blobs'));
  const labels = new LabelRows(classes);
  for (let row = 0; row < rows; row += 1) {
    const entries = Array.from({ length: classes }, (_, index) => index)
      .filter((index) => labelOf(row, index) !== 0)
      .map((index) => 4 * index + (labelOf(row, index) > 0 ? positive : negative));
    labels.add({ entries, isComplete: false });
  }
  return await LabelBlockReader.open(blobs.path((await putLabelBlock(blobs, labels)).id));
}

describe('targets', () => {
  test('are the labels of the classes that are wanted, row after row', async () => {
    await withFolder(async (folder) => {
      const labels = await labelBlock(folder);
      const wanted = fc.uniqueArray(fc.nat(classes - 1), { minLength: 1 });
      fc.assert(
        fc.property(wanted, fc.nat(rows - 1), (indexes, first) => {
          const ranges = rangesOf(indexes.sort((one, other) => one - other));
          const count = rows - first;
          const target = new Int8Array(rows * classes).fill(99);
          const filled = fillTargets(labels, { first, rows: count }, ranges, target);
          const expected = Array.from({ length: count }, (_, row) =>
            classesOf(ranges).map((index) => labelOf(first + row, index)),
          );
          expect([...filled]).toEqual(expected.flat());
          expect(filled.buffer).toBe(target.buffer);
        }),
      );
    });
  });
});
