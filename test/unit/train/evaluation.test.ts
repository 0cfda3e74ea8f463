import { describe, expect, it } from 'vitest';
import { applyCorrection } from '../../../src/train/calibration-correction.ts';
import { checkEvaluation } from '../../../src/train/evaluation.ts';
import { blockOfBundle, bundleOfBlock } from '../../../src/train/evaluation-block-bundle.ts';
import { calibrateAndEvaluate, type ClassBlock } from '../../../src/train/evaluation-block.ts';
import { ExclusiveClasses } from '../../../src/train/evaluation-exclusive.ts';
import { EvaluationMerger } from '../../../src/train/evaluation-merger.ts';
import { averagePrecision } from '../../../src/train/evaluation-ranking.ts';
import { platt } from '../../../src/vision/scores.ts';
import { type MarginSample, marginSample, numbered } from '../../support/margins.ts';

const precision = 0.7;

function evaluate(block: Omit<ClassBlock, 'firstClass'>, exclusive = 0) {
  const result = calibrateAndEvaluate({ ...block, firstClass: 0 }, { precision });
  const merger = new EvaluationMerger(block.rows);
  merger.add(result);
  const names = { classes: numbered('c', block.classes), photos: numbered('p', block.rows) };
  return { result, ...merger.finish(names, exclusive) };
}

/** Some neighbouring classes of a sample. */
function columns(sample: MarginSample, first: number, classes: number): ClassBlock {
  const pick = <Numbers extends Float32Array | Int8Array>(from: Numbers, target: Numbers) => {
    for (let row = 0; row < sample.rows; row++)
      for (let index = 0; index < classes; index++)
        target[row * classes + index] = from[row * sample.classes + first + index]!;
    return target;
  };
  return {
    rows: sample.rows,
    classes,
    firstClass: first,
    margins: pick(sample.margins, new Float32Array(sample.rows * classes)),
    labels: pick(sample.labels, new Int8Array(sample.rows * classes)),
  };
}

describe('average precision', () => {
  const of = (margins: number[], labels: number[]) =>
    averagePrecision({ margins: Float32Array.from(margins), labels: Int8Array.from(labels) });

  it("is scikit-learn's, ties included", () => {
    expect(of([0.9, 0.9, 0.8, 0.7, 0.6, 0.6], [1, -1, 1, -1, -1, 1])).toBeCloseTo(0.5555555555555556, 12);
    expect(of([1, 1, 1, 1], [-1, 1, 1, -1])).toBe(0.5);
    expect(of([3, 2, 1], [-1, -1, 1])).toBeCloseTo(1 / 3, 12);
  });

  it('is none without a positive or a negative', () => {
    expect(of([1, 2], [1, 1])).toBeUndefined();
    expect(of([1, 2], [-1, -1])).toBeUndefined();
    expect(of([], [])).toBeUndefined();
  });
});

describe('calibrated classes', () => {
  const shares = Array.from({ length: 60 }, (_, index) => 0.004 + 0.002 * index);
  const heldOut = marginSample(4000, shares, { seed: 3 });
  const { result, evaluation, correction } = evaluate(heldOut);

  it('keep on new photos what was promised: scores and precision', () => {
    const fresh = marginSample(4000, shares, { seed: 4 });
    const { calibration, thresholds } = applyCorrection(correction, result.calibration, result.thresholds);
    let shown = 0;
    let right = 0;
    for (let row = 0; row < fresh.rows; row++) {
      const at = row * fresh.classes;
      const scores = platt(fresh.margins.subarray(at, at + fresh.classes), calibration);
      scores.forEach((score, index) => {
        if (score < thresholds[index]!) return;
        shown++;
        if (fresh.labels[at + index]! > 0) right++;
      });
    }
    expect(shown).toBeGreaterThan(3000);
    expect(Math.abs(right / shown - precision)).toBeLessThan(0.03);
    expect(Math.abs(evaluation.precision! - precision)).toBeLessThan(0.03);
    expect(evaluation.calibrationError).toBeLessThan(0.03);
  });

  it('make a whole evaluation, which survives JSON', () => {
    expect(evaluation.classes.map(({ name }) => name)).toEqual(numbered('c', 60));
    expect(evaluation.judgedClasses).toBe(60);
    expect(evaluation.reliability).toHaveLength(15);
    expect(evaluation.reliability.reduce((sum, { tags }) => sum + tags, 0)).toBe(20_000);
    expect(evaluation.exclusive).toBeNull();
    expect(checkEvaluation(JSON.parse(JSON.stringify(evaluation)))).toEqual(evaluation);
    const worst = evaluation.falseTags.map(({ score }) => score);
    expect(worst).toEqual([...worst].sort((left, right) => right - left));
    expect(new Set(evaluation.missedTags.map(({ photo }) => photo)).size).toBe(60);
  });

  it('are the same in blocks, in any order, and through a bundle', () => {
    const merger = new EvaluationMerger(heldOut.rows);
    const parts = [columns(heldOut, 40, 20), columns(heldOut, 0, 40)].map((part) =>
      calibrateAndEvaluate(part, { precision, prior: result.prior }),
    );
    for (const part of parts) {
      const copy = blockOfBundle(bundleOfBlock(part));
      expect(copy).toEqual(part);
      merger.add(copy);
    }
    const names = { classes: numbered('c', 60), photos: numbered('p', heldOut.rows) };
    const merged = merger.finish(names).evaluation;
    expect(merged.classes.map((entry) => entry.averagePrecision)).toEqual(
      evaluation.classes.map((entry) => entry.averagePrecision),
    );
    expect(parts[1]!.calibration).toEqual(result.calibration.slice(0, 80));
    expect(merged.calibrationError).toBeLessThan(0.03);
    expect(Math.abs(merged.precision! - precision)).toBeLessThan(0.03);
  });

  it('refuse what does not belong together', () => {
    const merger = new EvaluationMerger(heldOut.rows);
    expect(() => {
      new EvaluationMerger(10).add(result);
    }).toThrow('do not go together');
    merger.add(result);
    expect(() => {
      merger.add({ ...result, precision: 0.5 });
    }).toThrow('do not go together');
    const photos = numbered('p', heldOut.rows);
    expect(() => merger.finish({ classes: ['one'], photos })).toThrow('than it has names');
    const gap = new EvaluationMerger(heldOut.rows);
    gap.add({ ...result, firstClass: 1 });
    expect(() => gap.finish({ classes: numbered('c', 61), photos })).toThrow('c0 was not evaluated');
    expect(() => blockOfBundle({ kind: 'sums', meta: {}, arrays: [] })).toThrow('was taken for');
  });
});

describe('odd classes', () => {
  it('are calibrated all the same: no positive, no negative, no label, all margins alike', () => {
    const sample = marginSample(200, [0.3, 0.3, 0.3, 0.3, 0.3, 0.3], { seed: 9 });
    for (let row = 0; row < 200; row++) {
      const at = row * 6;
      sample.labels[at] = -1;
      sample.labels[at + 1] = 1;
      sample.labels[at + 2] = 0;
      sample.margins[at + 3] = 0.25;
      sample.labels[at + 4] = row === 7 ? 1 : -1;
    }
    const { evaluation, result, correction } = evaluate(sample);
    const [none, all, unlabelled, same, single] = evaluation.classes;
    expect(none).toMatchObject({ positives: 0, negatives: 200, averagePrecision: null, recall: null });
    expect(all).toMatchObject({ positives: 200, negatives: 0, averagePrecision: null });
    expect(unlabelled).toMatchObject({ positives: 0, negatives: 0, averagePrecision: null, shown: 0 });
    expect(same!.averagePrecision).toBeCloseTo(same!.positives / 200, 5);
    expect(single).toMatchObject({ positives: 1, negatives: 199 });
    expect(evaluation.judgedClasses).toBe(3);
    const final = applyCorrection(correction, result.calibration, result.thresholds);
    expect([...final.calibration, ...final.thresholds].every(Number.isFinite)).toBe(true);
  });

  it('make an evaluation of nothing, too', () => {
    const nothing = { rows: 0, classes: 1, margins: new Float32Array(), labels: new Int8Array() };
    expect(evaluate(nothing).evaluation).toMatchObject({
      photos: 0,
      meanAveragePrecision: null,
      calibrationError: null,
      precision: null,
    });
  });

  it('are refused if a labelled margin is no number', () => {
    const sample = marginSample(10, [0.5]);
    sample.margins[3] = NaN;
    expect(() => evaluate(sample)).toThrow('row 3 is no finite number');
    sample.labels[3] = 0;
    expect(evaluate(sample).evaluation.judgedClasses).toBe(1);
  });
});

describe("the corpus's share of positives", () => {
  it('is what scores, thresholds and precision are of', () => {
    const share = 0.3;
    const corpus = 0.03;
    const classes = 30;
    const sample = marginSample(4000, new Array<number>(classes).fill(share), { seed: 11 });
    const corpusShares = new Float32Array(classes).fill(corpus);
    const { evaluation, result, correction } = evaluate({ ...sample, corpusShares });
    expect(Math.abs(evaluation.precision! - precision)).toBeLessThan(0.03);
    expect(evaluation.calibrationError).toBeLessThan(0.03);
    const { calibration, thresholds } = applyCorrection(correction, result.calibration, result.thresholds);
    const fresh = marginSample(4000, new Array<number>(classes).fill(corpus), { seed: 12 });
    let shown = 0;
    let right = 0;
    for (let at = 0; at < fresh.margins.length; at++) {
      const index = at % classes;
      const [score] = platt(
        fresh.margins.subarray(at, at + 1),
        calibration.subarray(2 * index, 2 * index + 2),
      );
      if (score! < thresholds[index]!) continue;
      shown++;
      if (fresh.labels[at]! > 0) right++;
    }
    expect(Math.abs(right / shown - precision)).toBeLessThan(0.05);
  });
});

describe('exclusive classes', () => {
  // Things 0 to 3, one a photo; groups 4 (things 0 and 1) and 5 (things 2 and 3).
  const rows = 400;
  const labels = new Int8Array(rows * 6).fill(-1);
  for (let row = 0; row < rows; row++) {
    labels[row * 6 + (row % 4)] = 1;
    labels[row * 6 + (row % 4 < 2 ? 4 : 5)] = 1;
  }

  it('are the things, not their groups, whatever the blocks', () => {
    const finder = new ExclusiveClasses(rows);
    finder.add(labels, 6);
    expect(finder.find()).toEqual({ classes: [0, 1, 2, 3], coverage: 1 });
    const parts = new ExclusiveClasses(rows);
    parts.add(labels.subarray(600), 6, 0, 100);
    parts.add(labels.subarray(0, 600), 6, 0, 0);
    expect(parts.find()).toEqual(finder.find());
  });

  it('are none where they cover too few photos', () => {
    const finder = new ExclusiveClasses(1000);
    finder.add(labels, 6);
    expect(finder.find()).toBeUndefined();
    expect(new ExclusiveClasses(0).find()).toBeUndefined();
  });

  it('are judged by which of them is best', () => {
    const margins = Float32Array.from(labels);
    // Row 5 is thing 1, and looks like thing 3.
    margins[5 * 6 + 3] = 1.5;
    const exclusive = Uint8Array.from([1, 1, 1, 1, 0, 0]);
    const { evaluation } = evaluate({ rows, classes: 6, margins, labels, exclusive }, 4);
    expect(evaluation.exclusive).toEqual({
      classes: 4,
      photos: rows,
      accuracy: 399 / 400,
      accuracyByMargin: 399 / 400,
    });
    expect(evaluation.falseTags[0]).toMatchObject({ photo: 'p5', tag: 'c3' });
    expect(evaluation.confusions).toContainEqual({ shown: 'c3', right: 'c1', photos: 1 });
  });
});

it('an evaluation of something else is refused with its place', () => {
  expect(checkEvaluation({ version: 2 })).toContain('version');
  expect(checkEvaluation(null)).toContain('its');
});
