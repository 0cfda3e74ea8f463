import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleWeights, fadeAfter, scheduleFor, stepSize } from '../../../src/train/schedule.ts';

const count = fc.integer({ min: 0, max: 1_000_000 });

describe('the schedule', () => {
  test('regularises less, and takes larger batches, the more rows there are', () => {
    const schedules = [0, 1, 600, 4_000, 16_000, 300_000, 1e6].map((rows) => scheduleFor(rows, 1280));
    const shrinkages = schedules.map(({ shrinkage }) => shrinkage);
    const batches = schedules.map(({ batchRows }) => batchRows);
    expect(shrinkages).toEqual([...shrinkages].sort((one, other) => other - one));
    expect(batches).toEqual([...batches].sort((one, other) => one - other));
    expect([shrinkages[0], shrinkages.at(-1)]).toEqual([20, 1]);
    expect(scheduleFor(16_000, 2_400).shrinkage).toBeGreaterThan(scheduleFor(16_000, 1_280).shrinkage);
  });

  test('makes steps smaller with time', () => {
    expect(fadeAfter(0)).toBe(1);
    expect(fadeAfter(3)).toBeLessThan(fadeAfter(2));
  });
});

describe('the weight of an example', () => {
  test('is higher on the rarer side, up to a limit, and never below 1', () => {
    fc.assert(
      fc.property(count, count, (positives, negatives) => {
        const share = { positives, negatives, rows: positives + negatives };
        const [positive, negative] = exampleWeights(share);
        expect(Math.min(positive, negative)).toBe(1);
        expect(Math.max(positive, negative)).toBeLessThanOrEqual(1.5);
        expect(positive >= negative || positives > negatives).toBe(true);
      }),
    );
  });
});

describe('the size of a step', () => {
  const lengths = fc.double({ min: 1e-6, max: 5_000, noNaN: true });

  test('is positive and finite, whatever there is of a class', () => {
    fc.assert(
      fc.property(count, count, count, lengths, (positives, negatives, unlabelled, length) => {
        const rows = positives + negatives + unlabelled;
        const size = stepSize({ positives, negatives, rows }, 256, length);
        expect(Number.isFinite(size) && size > 0).toBe(true);
      }),
    );
  });

  test('keeps descent stable on what a batch holds of the class', () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 1e6 }), lengths, (labelled, length) => {
        const positives = Math.ceil(labelled / 10);
        const share = { positives, negatives: labelled - positives, rows: labelled };
        const weight = Math.max(...exampleWeights(share));
        expect(stepSize(share, 256, length) * weight).toBeLessThan(1);
      }),
    );
  });

  test('makes up for labels that are missing', () => {
    const all = stepSize({ positives: 100, negatives: 900, rows: 1_000 }, 256, 100);
    const half = stepSize({ positives: 100, negatives: 900, rows: 2_000 }, 512, 100);
    expect(half).toBeCloseTo(2 * all);
  });
});
