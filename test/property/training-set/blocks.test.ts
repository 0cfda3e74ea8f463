import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { LabelBlockReader, putLabelBlock } from '../../../src/model/training-set/label-block.ts';
import { LabelRows, negative, positive } from '../../../src/model/training-set/label-rows.ts';
import { withFolder } from '../../support/training-set.ts';

type Label = number | undefined;
const label = fc.constantFrom<Label[]>(1, -1, 0, undefined);
const rare = fc.constantFrom<Label[]>(undefined, undefined, undefined, 1);
const rowOf = (each: fc.Arbitrary<Label>, classes: number) =>
  fc.array(each, { minLength: classes, maxLength: classes });
/** Few labels or many, so that both forms of a block come about. */
const blocks = fc.integer({ min: 1, max: 40 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    rows: fc.array(
      fc.record({
        labels: fc.oneof(...[label, rare].map((each) => rowOf(each, classes))),
        isComplete: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
  }),
);

const codes = new Map([
  [1, positive],
  [-1, negative],
  [0, 0],
]);

describe('LabelBlockReader', () => {
  it('gives back the labels of any window, and counts them', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(folder);
      await fc.assert(
        fc.asyncProperty(blocks, fc.nat(), fc.nat(), async ({ classes, rows }, someRow, someClass) => {
          const block = new LabelRows(classes);
          for (const { labels, isComplete } of rows) {
            const entries = labels.flatMap((value, at) =>
              value === undefined ? [] : [at * 4 + codes.get(value)!],
            );
            block.add({ entries, isComplete });
          }
          const expected = rows.map(({ labels, isComplete }) =>
            labels.map((value) => value ?? (isComplete ? -1 : 0)),
          );
          const reader = await LabelBlockReader.open(blobs.path((await putLabelBlock(blobs, block)).id));
          const count = (sign: number) =>
            Array.from({ length: classes }, (_, at) => expected.filter((row) => row[at] === sign).length);
          expect([...reader.positives]).toEqual(count(1));
          expect([...reader.negatives]).toEqual(count(-1));
          const [firstRow, firstClass] = [someRow % (rows.length + 1), someClass % classes];
          const window = new Int8Array((rows.length - firstRow) * (classes - firstClass));
          reader.fill(firstRow, rows.length - firstRow, firstClass, classes - firstClass, window);
          expect([...window]).toEqual(expected.slice(firstRow).flatMap((row) => row.slice(firstClass)));
        }),
        { numRuns: 150 },
      );
    });
  });
});
