import type { Sigmoid } from './calibration.ts';

/**
 * The smallest threshold at which the tags shown (score ≥ threshold) have a stated precision, as their calibrated scores foretell
 * it: the mean of the scores shown. That has far less noise than the share of right ones among a few dozen held-out photos.
 * Between two scores it is interpolated, so that it errs to neither side; rows of one score are shown together or not at all.
 *
 * A class none of whose rows reaches the precision gets the precision itself: it shows only what is likely enough alone.
 *
 * @param margins - `Float32Array [rows]` of the class, falling
 * @param sigmoid - its calibration
 * @param precision - the stated precision, within (0, 1)
 * @param oddsRatio - the odds of a positive in the corpus over those among `margins`, where `sigmoid` has been corrected for that
 */
export function chooseThreshold(
  margins: Float32Array,
  sigmoid: Sigmoid,
  precision: number,
  oddsRatio = 1,
): number {
  // By how much the shown tags are, together, more likely right than asked for.
  let surplus = 0;
  let lowest = precision;
  let score = scoreOf(sigmoid, margins[0] ?? NaN);
  for (let row = 0; row < margins.length;) {
    let next: number;
    let tied = 0;
    do next = scoreOf(sigmoid, margins[row + ++tied] ?? NaN);
    while (next === score);
    const weight = oddsRatio / (score + oddsRatio * (1 - score));
    const change = tied * weight * (score - precision);
    if (surplus + change < 0) {
      const between = lowest + (surplus / -change) * (score - lowest);
      // Two neighbouring numbers have none between them.
      return between > score ? between : lowest;
    }
    surplus += change;
    lowest = Math.min(lowest, score);
    row += tied;
    score = next;
  }
  return lowest;
}

/** The calibrated score of a margin. */
export function scoreOf({ a, b }: Sigmoid, margin: number): number {
  return 1 / (1 + Math.exp(a * margin + b));
}

/** What a choice of thresholds shows on rows that it has not seen. */
export interface ShownTags {
  readonly shown: number;
  /** How many of them are right. */
  readonly right: number;
}

/** The foretold precision counts as much as so many tags that were seen. */
const foretoldTags = 100;
const searchWidth = 2;
const searchSteps = 12;

/**
 * The precision to ask {@link chooseThreshold} for, so that all classes together show the stated one. A sigmoid bends otherwise than
 * the truth at its ends, much the same way for all classes: what is seen over thousands of tags corrects the one number.
 *
 * @param precision - the stated precision, within (0, 1)
 * @param show - what is shown over all classes for a precision asked for
 */
export function correctPrecision(precision: number, show: (asked: number) => ShownTags): number {
  const centre = Math.log(precision / (1 - precision));
  let low = centre - searchWidth;
  let high = centre + searchWidth;
  for (let step = 0; step < searchSteps; step++) {
    const middle = (low + high) / 2;
    const asked = 1 / (1 + Math.exp(-middle));
    const { shown, right } = show(asked);
    if (right + foretoldTags * asked < precision * (shown + foretoldTags)) low = middle;
    else high = middle;
  }
  return 1 / (1 + Math.exp(-(low + high) / 2));
}
