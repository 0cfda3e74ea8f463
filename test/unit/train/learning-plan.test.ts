import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TrainingSet } from '../../../src/model/training-set/training-set.ts';
import { classesOf, countOf } from '../../../src/train/class-range.ts';
import { planLearning, slicesOf } from '../../../src/train/learning-plan.ts';

const blob = { id: '0'.repeat(64), bytes: 1 };

function setOf({ rows, classes, dims = 1_280 }: { rows: readonly number[]; classes: number; dims?: number }) {
  const none = { positives: [], negatives: [] };
  const set: TrainingSet = {
    extractor: { id: 'lite0', version: 1, dims, parametersHash: '0'.repeat(64) },
    classes: Array.from({ length: classes }, (_, index) => String(index)),
    learn: rows.map((count) => ({ rows: count, features: blob, labels: blob })),
    heldOut: [{ rows: 100, features: blob, labels: blob }],
    labels: blob,
    counts: none,
    heldOutCounts: none,
  };
  return set;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the plan', () => {
  test('gives every class to one block, and to one calibration', () => {
    const shape = [fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 16 })] as const;
    fc.assert(
      fc.property(...shape, (classes, parallelism) => {
        const { blocks, calibrated } = planLearning(setOf({ rows: [10], classes }), parallelism);
        expect(blocks.flatMap(classesOf)).toEqual(numbers(classes));
        expect(classesOf(calibrated)).toEqual(numbers(classes));
        for (const block of blocks) expect(countOf(block)).toBeLessThanOrEqual(1_536);
        for (const [, count] of calibrated) expect(count).toBeLessThanOrEqual(128);
        expect(blocks.length % parallelism === 0 || blocks.length === classes).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('calibrates the same classes together however many tasks can run at once', () => {
    const set = setOf({ rows: [10], classes: 300 });
    expect(planLearning(set, 8).calibrated).toEqual(planLearning(set, 1).calibrated);
  });

  test('counts the rows to learn from, not those that are held out', () => {
    expect(planLearning(setOf({ rows: [10, 20], classes: 2 }), 1).rows).toBe(30);
  });
});

describe('an epoch', () => {
  test('reads each shard once, in slices of some half a minute each', () => {
    const shards = fc.array(fc.integer({ min: 1, max: 8_192 }), { maxLength: 40 });
    fc.assert(
      fc.property(shards, fc.integer({ min: 1, max: 1_536 }), fc.nat(9), (rows, classes, epoch) => {
        const set = setOf({ rows, classes });
        const slices = slicesOf(set, numbers(rows.length), { epoch, classes });
        expect(slices.flat().sort((one, other) => one - other)).toEqual(numbers(rows.length));
        for (const slice of slices) {
          const work = slice.reduce((sum, place) => sum + rows[place]! * (classes + 320) * 1_280, 0);
          expect(slice.length === 1 || work <= 300e9).toBe(true);
        }
        expect(slices.length).toBeLessThanOrEqual(rows.length);
      }),
    );
  });

  test('begins at another shard each time', () => {
    const set = setOf({ rows: numbers(10).map(() => 100), classes: 3 });
    const firsts = numbers(4).map((epoch) => slicesOf(set, numbers(10), { epoch, classes: 3 })[0]![0]);
    expect(new Set(firsts).size).toBe(4);
    expect(firsts[0]).toBe(0);
  });

  test('reads held-out shards by the places after the others', () => {
    const set = setOf({ rows: [5, 5], classes: 3 });
    expect(slicesOf(set, [0, 1, 2], { epoch: 0, classes: 3 })).toEqual([[0, 1, 2]]);
  });

  test('of no shards has no slices', () => {
    expect(slicesOf(setOf({ rows: [], classes: 3 }), [], { epoch: 1, classes: 3 })).toEqual([]);
  });
});
