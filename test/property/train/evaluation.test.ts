import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitSigmoid, marginPoints, type MarginPoints, type Sigmoid } from '../../../src/train/calibration.ts';
import { averagePrecision, halfOf, rankRows } from '../../../src/train/evaluation-ranking.ts';
import { RowTags } from '../../../src/train/evaluation-rows.ts';
import { chooseThreshold, scoreOf } from '../../../src/train/threshold.ts';

const margin = fc.oneof(
  fc.constantFrom(-1, -0.5, -0, 0, 0.5, 1),
  fc.float({ min: -20, max: 20, noNaN: true }),
);
const label = fc.constantFrom(-1, -1, 0, 1);
const rows = fc.array(fc.tuple(margin, label), { maxLength: 120 });

const rankingOf = (pairs: readonly (readonly [number, number])[]) =>
  rankRows(
    {
      rows: pairs.length,
      classes: 1,
      margins: Float32Array.from(pairs, ([value]) => value),
      labels: Int8Array.from(pairs, ([, sign]) => sign),
    },
    0,
  );

describe('average precision', () => {
  it('is the naive sum over distinct margins', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const known = pairs
          .filter(([, sign]) => sign !== 0)
          .map(([value, sign]) => [value + 0, sign] as const);
        const positives = known.filter(([, sign]) => sign > 0).length;
        const levels = [...new Set(known.map(([value]) => value))].sort((left, right) => right - left);
        let naive = 0;
        let before = 0;
        for (const level of levels) {
          const taken = known.filter(([value]) => value >= level);
          const right = taken.filter(([, sign]) => sign > 0).length;
          naive += ((right - before) / positives) * (right / taken.length);
          before = right;
        }
        const found = averagePrecision(rankingOf(pairs));
        if (positives === 0 || positives === known.length) expect(found).toBeUndefined();
        else expect(found).toBeCloseTo(naive, 10);
      }),
    );
  });

  it('does not depend on the order of rows, nor on the scale of margins', () => {
    const shuffled = rows.chain((pairs) =>
      fc.tuple(fc.constant(pairs), fc.shuffledSubarray(pairs, { minLength: pairs.length })),
    );
    fc.assert(
      fc.property(shuffled, ([pairs, others]) => {
        const found = averagePrecision(rankingOf(pairs));
        expect(averagePrecision(rankingOf(others))).toBe(found);
        expect(averagePrecision(rankingOf(pairs.map(([value, sign]) => [value * 4, sign])))).toBe(found);
      }),
    );
  });
});

describe('a ranking', () => {
  it('is what a stable sort gives, and so are its halves', () => {
    fc.assert(
      fc.property(rows, (pairs) => {
        const expected = pairs
          .map(([value, sign], row) => ({ value: value + 0, sign, row }))
          .filter(({ sign }) => sign !== 0)
          .sort((left, right) => right.value - left.value || left.row - right.row);
        const ranking = rankingOf(pairs);
        expect([...ranking.rows]).toEqual(expected.map(({ row }) => row));
        expect([...ranking.margins]).toEqual(expected.map(({ value }) => value));
        expect([...ranking.labels]).toEqual(expected.map(({ sign }) => sign));
        for (const parity of [0, 1])
          expect([...halfOf(ranking, parity).rows]).toEqual(
            expected.map(({ row }) => row).filter((row) => row % 2 === parity),
          );
      }),
    );
  });
});

/** Gradient of the likelihood, and of the prior, as they are written in the books. */
function gradient({ margins, targets, weights }: MarginPoints, { a, b }: Sigmoid): [number, number] {
  let ga = 0;
  let gb = 0;
  margins.forEach((value, point) => {
    const rest = targets[point]! - weights[point]! / (1 + Math.exp(a * value + b));
    ga += rest * value;
    gb += rest;
  });
  return [ga, gb];
}

describe("Platt's sigmoid", () => {
  it('has no gradient left, with or without a prior', () => {
    const strength = fc.double({ min: 0.01, max: 50, noNaN: true });
    fc.assert(
      fc.property(rows, strength, (pairs, weight) => {
        const { margins, labels } = rankingOf(pairs);
        const points = marginPoints(margins, labels);
        const limit = 1e-5 * (1 + points.positives + points.negatives);
        const mean = { a: -2, b: 1 };
        const prior = { mean, precision: [weight, 0, weight] as const };
        const drawn = fitSigmoid(points, prior);
        const [ga, gb] = gradient(points, drawn);
        expect(Math.abs(gb + weight * (drawn.b - mean.b))).toBeLessThan(limit);
        if (drawn.a < -0.01) expect(Math.abs(ga + weight * (drawn.a - mean.a))).toBeLessThan(limit);
        if (points.positives === 0 || points.negatives === 0) return;
        const free = fitSigmoid(points);
        const [freeA, freeB] = gradient(points, free);
        expect(Math.abs(freeB)).toBeLessThan(limit);
        if (free.a < -0.01) expect(Math.abs(freeA)).toBeLessThan(limit);
        expect(free.a).toBeLessThanOrEqual(-0.01);
      }),
    );
  });
});

describe('a threshold', () => {
  const margins = fc.array(
    fc.oneof(fc.float({ min: -6, max: 6, noNaN: true }), fc.constantFrom(-2, -1, 0, 0.5, 2)),
    { maxLength: 80 },
  );
  const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });

  it('rises with the precision, and never passes it', () => {
    fc.assert(
      fc.property(margins, share, share, (values, one, other) => {
        const falling = Float32Array.from(values).sort().reverse();
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const sigmoid = { a: -1.3, b: 0.4 };
        const lower = chooseThreshold(falling, sigmoid, low);
        const higher = chooseThreshold(falling, sigmoid, high);
        expect(lower).toBeLessThanOrEqual(higher + 1e-9);
        expect(higher).toBeLessThanOrEqual(high);
      }),
    );
  });

  it('shows tags whose mean score is enough, and not one more could be shown', () => {
    fc.assert(
      fc.property(margins, share, (values, precision) => {
        const falling = Float32Array.from(values).sort().reverse();
        const sigmoid = { a: -1, b: 0 };
        const threshold = chooseThreshold(falling, sigmoid, precision);
        const scores = Array.from(falling, (value) => scoreOf(sigmoid, value));
        const shown = scores.filter((score) => score >= threshold);
        const mean = (list: readonly number[]) => list.reduce((sum, score) => sum + score, 0) / list.length;
        if (shown.length > 0) expect(mean(shown)).toBeGreaterThanOrEqual(precision - 1e-9);
        const hidden = scores.slice(shown.length);
        const next = hidden.filter((score) => score === hidden[0]);
        if (next.length > 0) expect(mean([...shown, ...next])).toBeLessThan(precision + 1e-9);
      }),
    );
  });
});

describe('the highest tags of a row', () => {
  it('are those of a sort, whatever the order and the blocks they come in', () => {
    const offers = fc.uniqueArray(fc.tuple(fc.nat(500), fc.constantFrom(-2, -1, 0, 0.5, 3)), {
      selector: ([index]) => index,
      maxLength: 40,
    });
    fc.assert(
      fc.property(offers, fc.nat(40), (tags, cut) => {
        const [first, second] = [new RowTags(1, 5), new RowTags(1, 5)];
        tags.forEach(([index, key], order) => {
          (order < cut ? first : second).offer(0, key, {
            index,
            right: index % 2 === 0,
            shown: false,
            weight: 1,
          });
        });
        first.merge(second);
        const expected = [...tags]
          .sort(([left, leftKey], [right, rightKey]) => rightKey - leftKey || left - right)
          .slice(0, 5);
        expect(first.of(0).map(({ index, key }) => [index, key])).toEqual(expected);
        expect(first.of(0).every(({ index, right }) => right === (index % 2 === 0))).toBe(true);
      }),
    );
  });
});
