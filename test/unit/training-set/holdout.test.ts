import { describe, expect, it } from 'vitest';
import { Holdout, holdoutRate } from '../../../src/model/training-set/holdout.ts';
import { negative, type PhotoLabels, positive } from '../../../src/model/training-set/label-rows.ts';
import { seeded } from '../../support/random.ts';

/** Photos with some positive labels each, of classes that are the rarer the higher their number, and one negative. */
function photosOf(count: number, classes: number, labels: number): PhotoLabels[] {
  const { fraction, below } = seeded(7);
  return Array.from({ length: count }, () => {
    const positives = Array.from({ length: labels }, () => Math.floor(fraction() ** 3 * classes));
    const named = new Map([[below(classes), negative], ...positives.map((at) => [at, positive] as const)]);
    const entries = [...named].sort(([one], [other]) => one - other).map(([at, label]) => at * 4 + label);
    return { entries, isComplete: false };
  });
}

function positivesOf(photos: readonly PhotoLabels[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { entries } of photos)
    for (const entry of entries) if ((entry & 3) === positive) counts[entry >>> 2]! += 1;
  return counts;
}

describe('Holdout', () => {
  it('holds out a tenth, also of classes, and learns from the first of each kind', () => {
    const classes = 200;
    const photos = photosOf(20_000, classes, 2);
    const positives = positivesOf(photos, classes);
    const holdout = new Holdout({ positives, every: 10 });
    const heldOut = photos.filter((photo) => holdout.decide(photo, undefined) === 'heldOut');
    expect(heldOut.length / photos.length).toBeCloseTo(0.1, 2);
    const shares = positivesOf(heldOut, classes).map((count, at) => count / positives[at]!);
    expect(Math.min(...shares)).toBeGreaterThan(0.05);
    expect(Math.max(...shares)).toBeLessThan(0.2);
    const kinds = (some: readonly PhotoLabels[]) => new Set(some.flatMap(({ entries }) => entries)).size;
    expect(kinds(photos.filter((photo) => !heldOut.includes(photo)))).toBe(kinds(photos));
  });

  it('holds out some also where every class is rare', () => {
    const photos = Array.from({ length: 1_000 }, (_, index) => {
      const entries = [index % 500, 500 + (index % 500)].map(
        (at, which) => at * 4 + (which === 0 ? positive : negative),
      );
      return { entries, isComplete: false };
    });
    const holdout = new Holdout({ positives: new Array<number>(1_000).fill(2), every: 10 });
    const heldOut = photos.filter((photo) => holdout.decide(photo, undefined) === 'heldOut');
    expect(heldOut.length).toBe(100);
  });

  it('leaves photos where they were, but for one that a class cannot do without', () => {
    const holdout = new Holdout({ positives: [2, 1], every: 10 });
    const photo = (...entries: number[]) => ({ entries, isComplete: false });
    expect(holdout.decide(photo(positive, 4 + negative), false)).toBe('learn');
    expect(holdout.decide(photo(negative), true)).toBe('learn');
    expect(holdout.decide(photo(positive), true)).toBe('heldOut');
    expect(holdout.decide(photo(4 + positive), true)).toBe('learn');
  });
});

describe('holdoutRate', () => {
  it('is one in ten, more of few photos, and fewer where that would be too many', () => {
    expect(holdoutRate(1_000, 20_000)).toBe(4);
    expect(holdoutRate(100_000, 20_000)).toBe(10);
    expect(holdoutRate(1_000_000, 20_000)).toBe(50);
  });
});
