import { describe, expect, it } from 'vitest';
import {
  correctPrevalence,
  fitSigmoid,
  marginPoints,
  ofMargins,
  type Sigmoid,
} from '../../../src/train/calibration.ts';
import { applyCorrection, fitCorrection } from '../../../src/train/calibration-correction.ts';
import { fitCalibrationPrior, fitUnder, vaguePrior } from '../../../src/train/calibration-prior.ts';
import { averagePrecision, rankRows } from '../../../src/train/evaluation-ranking.ts';
import { platt, selectTags } from '../../../src/vision/scores.ts';
import { marginSample } from '../../support/margins.ts';

/** 200 margins and labels that scikit-learn 1.7 was given as well. */
function reference() {
  let state = 7n;
  const uniform = Array.from({ length: 400 }, () => {
    state = (state * 1103515245n + 12345n) % 2n ** 31n;
    return Number(state) / 2 ** 31;
  });
  const margins = Float32Array.from(
    uniform.slice(0, 200),
    (value) => Math.round(Math.fround(value * 6 - 3) * 10) / 10,
  );
  const labels = Int8Array.from(margins, (margin, row) =>
    uniform[200 + row]! < 1 / (1 + Math.exp(1 - 2 * margin)) ? 1 : -1,
  );
  return { rows: 200, classes: 1, margins, labels };
}

const score = ({ a, b }: Sigmoid, margin: number) => 1 / (1 + Math.exp(a * margin + b));
const floats = (...values: number[]) => Float32Array.from(values);
const signs = (...values: number[]) => Int8Array.from(values);

describe("Platt's sigmoid of Lin, Lin and Weng", () => {
  it('is the one that scikit-learn finds', () => {
    const ranking = rankRows(reference(), 0);
    const points = marginPoints(ranking.margins, ranking.labels);
    expect(points).toMatchObject({ positives: 82, negatives: 118 });
    const { a, b } = ofMargins(points, fitSigmoid(points));
    expect(a).toBeCloseTo(-1.7496487, 5);
    expect(b).toBeCloseTo(0.86683697, 5);
    expect(averagePrecision(ranking)).toBeCloseTo(0.9143263015252545, 12);
  });

  it('takes many rows together without moving scores', () => {
    const sample = marginSample(20_000, [0.05]);
    const ranking = rankRows(sample, 0);
    const points = marginPoints(ranking.margins, ranking.labels);
    expect(points.margins.length).toBeLessThan(1000);
    expect(points.weights.reduce((sum, weight) => sum + weight)).toBe(20_000);
    const fit = ofMargins(points, fitSigmoid(points));
    // Of two normal distributions the truth is known: d/σ (z − midpoint) + logit of the share.
    expect(fit.a).toBeCloseTo(-4, 0);
    expect(score(fit, 0)).toBeCloseTo(score({ a: -4, b: Math.log(19) - 2 }, 0), 1);
  });

  it('passes over what is not labelled', () => {
    const margins = floats(9, 3, 2, 1, 0, -5);
    const labels = signs(0, 1, -1, 1, -1, 0);
    expect(marginPoints(margins, labels)).toEqual(
      marginPoints(margins.subarray(1, 5), labels.subarray(1, 5)),
    );
  });

  it('keeps the order of margins that rank upside down, and says the base rate', () => {
    const points = marginPoints(floats(3, 2, 1, 0), signs(-1, -1, 1, 1));
    const fit = ofMargins(points, fitSigmoid(points));
    expect(fit.a).toBeLessThan(0);
    expect(score(fit, 3)).toBeGreaterThan(score(fit, 0));
    expect(score(fit, 3)).toBeCloseTo(0.5, 1);
  });

  it('refuses a margin that is no number', () => {
    expect(() => marginPoints(floats(1, NaN), signs(1, -1))).toThrow('no finite number');
    expect(() => marginPoints(floats(Infinity, 0), signs(1, -1))).toThrow('no finite number');
  });
});

describe('the prior over all classes', () => {
  const shares = Array.from({ length: 40 }, (_, index) => 0.01 + index * 0.005);
  const sample = marginSample(2000, shares);
  const points = shares.map((_, index) => {
    const { margins, labels } = rankRows(sample, index);
    return marginPoints(margins, labels);
  });
  const prior = fitCalibrationPrior(points);

  it('gives a class without any positive the sigmoid of its like', () => {
    const { margins } = rankRows(marginSample(2000, [0.002]), 0);
    const none = marginPoints(margins, new Int8Array(2000).fill(-1));
    const fit = fitUnder(prior, none);
    expect(score(fit, margins[0]!)).toBeLessThan(0.5);
    expect(score(fit, margins[1999]!)).toBeLessThan(0.001);
    expect(fit.a).toBeLessThan(-1);
    expect(fit.a).toBeGreaterThan(-8);
  });

  it('gives sane sigmoids to one positive, to positives alone, to one margin and to no label', () => {
    const odd = [
      [floats(2, -1, -1.1, -1.2), signs(1, -1, -1, -1)],
      [floats(3, 2, 1), signs(1, 1, 1)],
      [floats(1, 1, 1), signs(1, -1, -1)],
      [floats(0, 0, 0), signs(0, 0, 0)],
      [floats(), signs()],
    ] as const;
    for (const [margins, labels] of odd) {
      const entry = marginPoints(margins, labels);
      for (const some of [prior, { rate: 0.1, ...vaguePrior }]) {
        const fit = fitUnder(some, entry);
        expect(fit.a).toBeLessThan(0);
        expect(Number.isFinite(fit.b)).toBe(true);
        expect(platt(floats(1), floats(fit.a, fit.b))[0]).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('draws a small class towards the others, and leaves a large one alone', () => {
    const distances = [60, 20_000].map((rows) => {
      const { margins, labels } = rankRows(marginSample(rows, [0.1], { separation: 1, seed: 5 }), 0);
      const entry = marginPoints(margins, labels);
      const alone = ofMargins(entry, fitSigmoid(entry));
      return Math.abs(fitUnder(prior, entry).a - alone.a);
    });
    expect(distances[0]).toBeGreaterThan(10 * distances[1]!);
    expect(distances[1]).toBeLessThan(0.05);
  });

  it('is vague without classes', () => {
    expect(fitCalibrationPrior([])).toEqual({ rate: 0.5, ...vaguePrior });
    expect(fitCalibrationPrior([marginPoints(floats(1, 2), signs(1, 1))])).toMatchObject(vaguePrior);
  });
});

describe('prevalence', () => {
  it('changes the odds by the ratio of the shares', () => {
    const fit = { a: -2, b: 0.5 };
    const corrected = correctPrevalence(fit, 0.5, 0.1);
    const odds = (value: number) => value / (1 - value);
    expect(odds(score(corrected, 1)) / odds(score(fit, 1))).toBeCloseTo(1 / 9, 10);
    expect(correctPrevalence(fit, 0.2, 0.2)).toEqual(fit);
  });

  it('is a share within 0 and 1', () => {
    for (const share of [0, 1, -1, 2, NaN])
      expect(() => correctPrevalence({ a: -1, b: 0 }, 0.5, share)).toThrow('no share');
  });
});

describe('the correction that all classes share', () => {
  it('changes scores, and no tag', () => {
    const calibration = floats(-2, 0.5, -3, 1, -1, 2);
    const thresholds = floats(0.5, 0.25, 0.9);
    const correction = { a: -0.7, b: 0.2 };
    const corrected = applyCorrection(correction, calibration, thresholds);
    for (const margins of [floats(0.2, 0.7, 3), floats(1, 0, 5), floats(-1, 2, 4.3)]) {
      const before = selectTags(platt(margins, calibration), thresholds);
      const after = selectTags(platt(margins, corrected.calibration), corrected.thresholds);
      expect(after.indices).toEqual(before.indices);
      before.scores.forEach((value, rank) => {
        const logit = Math.log(value / (1 - value));
        expect(after.scores[rank]).toBeCloseTo(1 / (1 + Math.exp(-0.7 * logit + 0.2)), 5);
      });
    }
    expect(applyCorrection(correction, calibration, floats(0, 1, 1)).thresholds).toEqual(floats(0, 1, 1));
  });

  it('finds by how much scores are too sure, and hardly corrects on little evidence', () => {
    const logits = Float32Array.from({ length: 6000 }, (_, index) => 4 - index / 750);
    // Right as often as half of these log-odds say, without noise: every tag counts once as right and once as wrong.
    const twice = Float32Array.from([...logits, ...logits]);
    const labels = Int8Array.from(twice, (_, index) => (index < 6000 ? 1 : -1));
    const weights = twice.map((logit, index) => 1 / (1 + Math.exp(index < 6000 ? -logit / 2 : logit / 2)));
    const { a, b } = fitCorrection({ logits: twice, labels, weights });
    expect(a).toBeCloseTo(-0.5, 1);
    expect(b).toBeCloseTo(0, 1);
    const few = fitCorrection({ logits: floats(2, 1), labels: signs(-1, 1), weights: floats(1, 1) });
    expect(few.a).toBeLessThan(-0.8);
    const none = fitCorrection({ logits: floats(), labels: signs(), weights: floats() });
    expect(none.a).toBeCloseTo(-1);
    expect(none.b).toBeCloseTo(0);
  });
});
