import type { MarginPoints, Sigmoid, SigmoidFit, SigmoidPrior } from './calibration.ts';
import { fitSigmoid, logit, ofMargins } from './calibration.ts';

/**
 * What sigmoids of standardised margins are like over all classes: a = `slope[0]` + `slope[1]`·ℓ, b = `offset[0]` + `offset[1]`·ℓ
 * on average, where ℓ is the logit of the class's base rate, and `covariance` (aa, ab, bb) around that. Plain JSON.
 */
export interface CalibrationPrior {
  /** The typical share of positives, within (0, 1). */
  readonly rate: number;
  readonly slope: readonly [number, number];
  readonly offset: readonly [number, number];
  readonly covariance: readonly [aa: number, ab: number, bb: number];
}

/**
 * Before any class is seen: positives 2.5 standard deviations above the negatives. For two normal distributions d deviations
 * apart the logit of a positive is d·z − d²/2 + ℓ.
 */
export const vaguePrior: Omit<CalibrationPrior, 'rate'> = {
  slope: [-2.5, 0],
  offset: [3, -1],
  covariance: [1, 0, 1],
};

/** How many classes {@link vaguePrior} counts as. */
const vagueClasses = 2;
const rounds = 8;
/** Seven numbers need no more; of more classes every so many is taken. */
const classLimit = 256;

/**
 * Fits the prior to classes by expectation and maximisation, each class's posterior by Laplace's approximation. Classes without
 * a positive or a negative say nothing here; if that leaves none, the prior is {@link vaguePrior}.
 */
export function fitCalibrationPrior(classes: readonly MarginPoints[]): CalibrationPrior {
  const telling = evenly(classes.filter(({ positives, negatives }) => positives > 0 && negatives > 0));
  const rate = typicalRate(classes);
  let prior: CalibrationPrior = { rate, ...vaguePrior };
  const rates = telling.map((points) => logit(baseRate(points, prior)));
  let fits: SigmoidFit[] = [];
  for (let round = 0; round < rounds; round++) {
    fits = telling.map((points, index) => fitSigmoid(points, priorOf(prior, rates[index] ?? 0), fits[index]));
    prior = { rate, ...maximise(fits, rates) };
  }
  return prior;
}

/** Fits a class's sigmoid of plain margins under a prior of all classes; it never fails for want of examples. */
export function fitUnder(prior: CalibrationPrior, points: MarginPoints): Sigmoid {
  return ofMargins(points, fitSigmoid(points, priorOf(prior, logit(baseRate(points, prior)))));
}

/** Share of positives among all labels of all classes, within (0, 1). */
function typicalRate(classes: readonly MarginPoints[]): number {
  let positives = 0.5;
  let rows = 1;
  for (const points of classes) {
    positives += points.positives;
    rows += points.positives + points.negatives;
  }
  return positives / rows;
}

/** A class's share of positives, drawn towards the typical one by the weight of one row. */
export function baseRate({ positives, negatives }: MarginPoints, { rate }: CalibrationPrior): number {
  return (positives + rate) / (positives + negatives + 1);
}

function evenly<T>(items: readonly T[]): readonly T[] {
  const stride = Math.ceil(items.length / classLimit);
  return stride <= 1 ? items : items.filter((_, index) => index % stride === 0);
}

/** The prior of one class, by the logit of its base rate. */
function priorOf({ slope, offset, covariance: [aa, ab, bb] }: CalibrationPrior, rate: number): SigmoidPrior {
  const determinant = aa * bb - ab * ab;
  return {
    mean: { a: slope[0] + slope[1] * rate, b: offset[0] + offset[1] * rate },
    precision: [bb / determinant, -ab / determinant, aa / determinant],
  };
}

function maximise(fits: readonly SigmoidFit[], rates: readonly number[]): Omit<CalibrationPrior, 'rate'> {
  const slope = regress(
    fits.map(({ a }) => a),
    rates,
    vaguePrior.slope,
  );
  const offset = regress(
    fits.map(({ b }) => b),
    rates,
    vaguePrior.offset,
  );
  const sums = vaguePrior.covariance.map((value) => value * vagueClasses);
  let [aa = 0, ab = 0, bb = 0] = sums;
  fits.forEach(({ a, b, covariance }, index) => {
    const rate = rates[index] ?? 0;
    const da = a - slope[0] - slope[1] * rate;
    const db = b - offset[0] - offset[1] * rate;
    aa += da * da + covariance[0];
    ab += da * db + covariance[1];
    bb += db * db + covariance[2];
  });
  const count = fits.length + vagueClasses;
  return { slope, offset, covariance: [aa / count, ab / count, bb / count] };
}

/** Least squares of `values` on (1, `rates`), drawn towards `default` by {@link vagueClasses}. */
function regress(
  values: readonly number[],
  rates: readonly number[],
  [intercept, gradient]: readonly [number, number],
): readonly [number, number] {
  let count = vagueClasses;
  let sumX = 0;
  let sumXX = vagueClasses;
  let sumY = 0;
  let sumXY = 0;
  values.forEach((value, index) => {
    const rate = rates[index] ?? 0;
    const rest = value - intercept - gradient * rate;
    count++;
    sumX += rate;
    sumXX += rate * rate;
    sumY += rest;
    sumXY += rate * rest;
  });
  const determinant = count * sumXX - sumX * sumX;
  return [
    intercept + (sumXX * sumY - sumX * sumXY) / determinant,
    gradient + (count * sumXY - sumX * sumY) / determinant,
  ];
}
