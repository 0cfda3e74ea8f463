import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classesOf, countOf, cutClasses, rangesOf } from '../../../src/train/class-range.ts';

const classes = fc.uniqueArray(fc.nat(200)).map((indexes) => [...indexes].sort((one, other) => one - other));

describe('ranges of classes', () => {
  test('hold the classes that they are made of, and are as few as can be', () => {
    fc.assert(
      fc.property(classes, (indexes) => {
        const ranges = rangesOf(indexes);
        expect(classesOf(ranges)).toEqual(indexes);
        expect(countOf(ranges)).toBe(indexes.length);
        for (const [place, [first]] of ranges.entries()) {
          const [before, count] = ranges[place - 1] ?? [-2, 1];
          expect(first).toBeGreaterThan(before + count);
        }
      }),
    );
  });

  test('are cut into blocks of nearly the same size, none empty, in order', () => {
    fc.assert(
      fc.property(classes, fc.integer({ min: 1, max: 20 }), (indexes, blocks) => {
        const cut = cutClasses(rangesOf(indexes), blocks);
        const sizes = cut.map(countOf);
        expect(cut.flatMap(classesOf)).toEqual(indexes);
        expect(cut.length).toBe(Math.min(blocks, indexes.length));
        if (sizes.length > 0) {
          expect(Math.min(...sizes)).toBeGreaterThan(0);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
