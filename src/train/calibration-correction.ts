import type { Sigmoid } from './calibration.ts';
import { fitSigmoid, marginPoints, ofMargins } from './calibration.ts';

/** Deviations of the belief that nothing is to be corrected, of slope and offset. */
const believed = { slope: 0.25, offset: 0.5 };

/** Scores of tags that are among their photos' highest, and whether they are right. */
export interface ShownScores {
  /** `Float32Array [tags]`, log-odds, log(score / (1 − score)). */
  readonly logits: Float32Array;
  /** `Int8Array [tags]`, +1, −1. */
  readonly labels: Int8Array;
  /** `Float32Array [tags]`, how much each counts. */
  readonly weights: Float32Array;
}

/**
 * One correction for all classes: what a score means for a photo's highest tags. Each class's sigmoid is right over all photos,
 * but a photo's five highest are a selection: high scores are too sure of themselves there and low ones too modest. A sigmoid of the
 * log-odds corrects both, and leaves the order of all tags as it is.
 *
 * @returns score = 1 / (1 + exp(a·logit + b)); a = −1 and b = 0 change nothing
 */
export function fitCorrection({ logits, labels, weights }: ShownScores): Sigmoid {
  const order = Uint32Array.from(logits, (_, index) => index).sort(
    (left, right) => (logits[right] ?? 0) - (logits[left] ?? 0),
  );
  const points = marginPoints(
    Float32Array.from(order, (index) => logits[index] ?? 0),
    Int8Array.from(order, (index) => labels[index] ?? 0),
    Float32Array.from(order, (index) => weights[index] ?? 0),
  );
  const { mean, deviation } = points;
  const slopeVariance = (believed.slope * deviation) ** 2;
  const fit = fitSigmoid(points, {
    mean: { a: -deviation, b: -mean },
    precision: [1 / slopeVariance, 0, 1 / believed.offset ** 2],
  });
  return ofMargins(points, fit);
}

/** A corrected log-odds. */
export function correctLogit({ a, b }: Sigmoid, logit: number): number {
  return -(a * logit + b);
}

/**
 * Puts a correction into a model's numbers: the same tags are shown as before, with corrected scores.
 *
 * @param calibration - `Float32Array [classes × 2]`, A and B of each class
 * @param thresholds - `Float32Array [classes]`
 * @returns fresh arrays of the same shapes
 */
export function applyCorrection(
  correction: Sigmoid,
  calibration: Float32Array,
  thresholds: Float32Array,
): { calibration: Float32Array; thresholds: Float32Array } {
  const { a, b } = correction;
  return {
    calibration: calibration.map((value, index) => -a * value + (index % 2 === 0 ? 0 : b)),
    thresholds: thresholds.map((threshold) => correctScore(correction, threshold)),
  };
}

/** A corrected score; 0 and 1 stay what they are. */
export function correctScore(correction: Sigmoid, score: number): number {
  return 1 / (1 + Math.exp(-correctLogit(correction, Math.log(score / (1 - score)))));
}
