import { describe, expect, it } from 'vitest';
import { chooseThreshold, correctPrecision, scoreOf } from '../../../src/train/threshold.ts';

const plain = { a: -1, b: 0 };
/** Margins whose scores under {@link plain} are these. */
const margins = (...scores: number[]) => Float32Array.from(scores, (score) => Math.log(score / (1 - score)));

describe('the threshold for a stated precision', () => {
  it('shows as much as keeps the mean score at it, interpolated to the next row', () => {
    // 0.9 + 0.7 are 0.1 above 2 × 0.75; 0.5 lacks 0.25: two fifths of the way from 0.7 to 0.5.
    expect(chooseThreshold(margins(0.9, 0.7, 0.5, 0.1), plain, 0.75)).toBeCloseTo(0.62, 6);
  });

  it('shows everything where everything is good enough', () => {
    expect(chooseThreshold(margins(0.9, 0.7, 0.5), plain, 0.6)).toBeCloseTo(0.5, 6);
    expect(chooseThreshold(margins(0.9, 0.8), plain, 0.6)).toBeCloseTo(0.6, 6);
  });

  it('shows only what is likely enough alone where nothing is', () => {
    expect(chooseThreshold(margins(0.4, 0.3), plain, 0.5)).toBe(0.5);
    expect(chooseThreshold(margins(), plain, 0.5)).toBe(0.5);
  });

  it('shows rows of one score together, or not at all', () => {
    const threshold = chooseThreshold(margins(0.6, 0.5, 0.5), plain, 0.54);
    expect(threshold).toBeGreaterThan(0.5);
    expect(threshold).toBeLessThan(0.54);
    expect(chooseThreshold(margins(0.6, 0.5, 0.5), plain, 0.53)).toBeCloseTo(0.5, 6);
  });

  it('tells scores apart between which there is no number', () => {
    const close = Float32Array.of(0.4, 2 ** -51, 0);
    expect(chooseThreshold(close, plain, 0.54)).toBe(scoreOf(plain, 2 ** -51));
    expect(scoreOf(plain, 2 ** -51)).toBe(0.5 + Number.EPSILON / 2);
  });

  it('counts rows as often as the corpus has them', () => {
    // Scores are the corpus's; in the sample, positives are nine times as frequent.
    const sample = margins(0.9, 0.8, 0.6, 0.5, 0.3, 0.2, 0.1);
    const without = chooseThreshold(sample, plain, 0.6);
    // In the corpus, low scores are more frequent than in this sample: they pull the mean down sooner.
    expect(chooseThreshold(sample, plain, 0.6, 1 / 9)).toBeGreaterThan(without);
    expect(chooseThreshold(sample, plain, 0.6, 9)).toBeLessThan(without);
  });
});

describe('the precision to ask for', () => {
  it('makes up for what all classes have in common', () => {
    const overconfident = (asked: number) => ({ shown: 100_000, right: 100_000 * asked ** 2 });
    expect(correctPrecision(0.64, overconfident)).toBeCloseTo(0.8, 2);
  });

  it('stays near the stated one on little evidence, and within bounds on odd evidence', () => {
    expect(correctPrecision(0.7, () => ({ shown: 0, right: 0 }))).toBeCloseTo(0.7, 3);
    expect(correctPrecision(0.7, () => ({ shown: 5, right: 2 }))).toBeLessThan(0.73);
    expect(correctPrecision(0.5, () => ({ shown: 1e6, right: 0 }))).toBeLessThan(0.9);
    expect(correctPrecision(0.5, () => ({ shown: 1e6, right: 1e6 }))).toBeGreaterThan(0.1);
  });
});
