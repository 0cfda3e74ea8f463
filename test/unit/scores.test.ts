import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import {
  asSelection,
  blockScores,
  findTags,
  leastMargins,
  platt,
  selectTags,
  silentThreshold,
  softmax,
  type Tag,
} from '../../src/vision/scores.ts';

const floats = (...values: number[]) => Float32Array.from(values);
const close = (values: Iterable<number>) => Array.from(values, (value) => expect.closeTo(value, 6) as number);

/** The float32 that is so many further. */
function neighbour(value: number, ulps: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0]! += ulps;
  return new Float32Array(bits.buffer)[0]!;
}

describe('softmax', () => {
  it('shares 1 among the classes', () => {
    const scores = softmax(floats(1, 2, 3));
    expect([...scores]).toEqual(close([0.09003057, 0.24472847, 0.66524096]));
    expect([...softmax(floats(5))]).toEqual([1]);
    expect(softmax(floats())).toEqual(floats());
  });

  it('stays exact for margins that overflow exp', () => {
    expect([...softmax(floats(1e30, -1e30, 1e30))]).toEqual([0.5, 0, 0.5]);
    expect([...softmax(floats(-2000, -2001))]).toEqual(close([0.7310586, 0.2689414]));
  });

  it('adds up to 1, keeps the order, and ignores a common shift', () => {
    const margins = fc.array(fc.float({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(margins, (values) => {
        const scores = [...softmax(Float32Array.from(values))];
        expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
        const shifted = softmax(Float32Array.from(values, (value) => value + 64));
        scores.forEach((score, index) => {
          expect(shifted[index]).toBeCloseTo(score, 3);
          values.forEach((value, other) => {
            if (values[index]! > value) expect(score).toBeGreaterThanOrEqual(scores[other]!);
          });
        });
      }),
    );
  });
});

describe("Platt's sigmoid", () => {
  it('is 1 / (1 + exp(A z + B)) for each class', () => {
    const scores = platt(floats(0, 2, -1), floats(-1, 0, -1.5, 1, 2, -0.5));
    expect([...scores]).toEqual(close([0.5, 1 / (1 + Math.exp(-2)), 1 / (1 + Math.exp(-2.5))]));
  });

  it('saturates without overflow', () => {
    expect([...platt(floats(1e30, -1e30, 1e30), floats(-1e5, 0, -1e5, 0, 1e5, 0))]).toEqual([1, 0, 0]);
  });

  it('rises with the margin when A is negative', () => {
    const margin = fc.float({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        margin,
        margin,
        fc.float({ min: Math.fround(-5), max: Math.fround(-0.01), noNaN: true }),
        (low, high, slope) => {
          const [first, second] = platt(
            floats(Math.min(low, high), Math.max(low, high)),
            floats(slope, 1, slope, 1),
          );
          expect(first).toBeLessThanOrEqual(second!);
          expect(first).toBeGreaterThanOrEqual(0);
          expect(second).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('refuses a calibration of another size', () => {
    expect(() => platt(floats(1, 2), floats(1, 2))).toThrow(Fault);
  });

  it('gives the same tags when it leaves out margins that cannot reach their thresholds', () => {
    const number = fc.oneof(fc.float(), fc.float({ min: -30, max: 30 }));
    const threshold = fc.oneof(
      // At the score itself, and next to it.
      fc.integer({ min: -2, max: 2 }).map((ulps) => (score: number) => neighbour(score, ulps)),
      fc.constantFrom(-1, 0, 1e-45, 1e-38, 0.5, 1, silentThreshold).map((value) => () => value),
      fc.float({ min: 0, max: 1, noNaN: true }).map((value) => () => value),
    );
    const classes = fc.array(fc.record({ z: number, a: number, b: number, threshold }), { maxLength: 20 });
    fc.assert(
      fc.property(classes, (rows) => {
        const margins = Float32Array.from(rows, ({ z }) => z);
        const calibration = Float32Array.from(rows.flatMap(({ a, b }) => [a, b]));
        const scores = platt(margins, calibration);
        const thresholds = Float32Array.from(rows, ({ threshold: of }, index) => of(scores[index]!));
        const rule = { firstClass: 0, score: 'platt', calibration, thresholds } as const;
        const tags: Tag[] = [];
        findTags(margins, { ...rule, leastMargins: leastMargins(calibration, thresholds) }, tags);
        expect(asSelection(tags)).toEqual(selectTags(scores, thresholds));
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves out by its margin alone a class that is far from its threshold', () => {
    const calibration = floats(-1, 0, -2, 1, 1, 0, 0, 0, -1, 0, -1, 0);
    const least = leastMargins(calibration, floats(0.5, 0.5, 0.5, 0.5, silentThreshold, 0));
    expect([...least]).toEqual([
      expect.closeTo(0, 5),
      expect.closeTo(0.5, 5),
      -Infinity,
      -Infinity,
      Infinity,
      -Infinity,
    ]);
    expect(least[0]).toBeLessThan(0);
  });
});

it('a block is scored by its own function', () => {
  const margins = floats(1, 1);
  expect([...blockScores(margins, { score: 'softmax', calibration: floats() })]).toEqual([0.5, 0.5]);
  const calibration = floats(-1, 1, 0, 0);
  expect([...blockScores(margins, { score: 'platt', calibration })]).toEqual([0.5, 0.5]);
});

describe('tags', () => {
  const thresholds = floats(0.5, 0.5, 0.1, 0.9, 0.5);
  const scores = floats(0.5, 0.75, 0.125, 0.875, 0.75);

  it('are the classes that reach their threshold, best first, ties in class order', () => {
    expect(selectTags(scores, thresholds)).toEqual({
      indices: Uint32Array.from([1, 4, 0, 2]),
      scores: floats(0.75, 0.75, 0.5, 0.125),
    });
    expect(selectTags(floats(0, 0), floats(0.1, 0.1)).indices).toHaveLength(0);
  });

  it('are the best N whatever their thresholds', () => {
    expect(selectTags(scores, thresholds, 3).indices).toEqual(Uint32Array.from([3, 1, 4]));
    expect(selectTags(scores, thresholds, 1).indices).toEqual(Uint32Array.from([3]));
    expect(selectTags(scores, thresholds, 0).indices).toHaveLength(0);
    expect(selectTags(scores, thresholds, 99).indices).toEqual(Uint32Array.from([3, 1, 4, 0, 2]));
  });

  it('never include a class whose threshold no score reaches', () => {
    const silent = floats(0.5, silentThreshold, 0.5);
    expect(selectTags(floats(0.2, 1, 0.6), silent).indices).toEqual(Uint32Array.from([2]));
    expect(selectTags(floats(0.2, 1, 0.6), silent, 3).indices).toEqual(Uint32Array.from([2, 0]));
  });

  it('never include a score that is no number', () => {
    const broken = floats(NaN, 0.75, NaN);
    expect(selectTags(broken, floats(0, 0, 0)).indices).toEqual(Uint32Array.from([1]));
    expect(selectTags(broken, floats(0, 0, 0), 3).indices).toEqual(Uint32Array.from([1]));
  });

  it('are what sorting everything would give', () => {
    const score = fc.constantFrom(0, 0.125, 0.25, 0.5, 0.75, 0.9, 1);
    fc.assert(
      fc.property(
        fc.array(score, { maxLength: 200 }),
        fc.option(fc.nat(220), { nil: undefined }),
        (values, top) => {
          const all = values.map((value, index) => ({ value, index }));
          const limits = Float32Array.from(values, (_, index) => (index % 5) / 5);
          const kept =
            top === undefined ? all.filter(({ value, index }) => Math.fround(value) >= limits[index]!) : all;
          kept.sort((left, right) => right.value - left.value || left.index - right.index);
          expect([...selectTags(Float32Array.from(values), limits, top).indices]).toEqual(
            kept.slice(0, top).map(({ index }) => index),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
