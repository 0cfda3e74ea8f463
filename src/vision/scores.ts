import { Fault } from '../base/errors.ts';

/**
 * How the margins of a block become scores between 0 and 1.
 *
 * `softmax`: the classes exclude one another, scores add up to 1. `platt`: each class on its own, by its sigmoid.
 */
export const scoreFunctions = ['softmax', 'platt'] as const;

/** A name of {@link scoreFunctions}. */
export type ScoreFunction = (typeof scoreFunctions)[number];

/** The tags of a photo, by falling score; equal scores stay in class order. */
export interface TagSelection {
  /** Indices of the classes. */
  readonly indices: Uint32Array;
  /** Their scores, in the same order. */
  readonly scores: Float32Array;
}

/** A threshold that no score reaches: a class that has it counts in its block's softmax, and is never shown. */
export const silentThreshold = 2;

/** How a block's margins are scored. */
export interface ScoreRule {
  readonly score: ScoreFunction;
  /** `[classes × 2]`, A and B of each class; empty for softmax. */
  readonly calibration: Float32Array;
}

/**
 * Scores of one photo over one block.
 *
 * @param margins - `Float32Array [classes]`, z = w·x − b
 * @param into - `Float32Array [classes]`, filled; a fresh one by default
 * @param highest - as of {@link platt}
 * @returns `into`
 */
export function blockScores(
  margins: Float32Array,
  { score, calibration }: ScoreRule,
  into: Float32Array = new Float32Array(margins.length),
  highest?: Float64Array,
): Float32Array {
  switch (score) {
    case 'softmax':
      return softmax(margins, into);
    case 'platt':
      return platt(margins, calibration, into, highest);
  }
}

/** exp(z) over the sum of all; the largest margin is taken off first, so that nothing overflows. */
export function softmax(
  margins: Float32Array,
  scores: Float32Array = new Float32Array(margins.length),
): Float32Array {
  let largest = -Infinity;
  for (const margin of margins) if (margin > largest) largest = margin;
  let sum = 0;
  for (let index = 0; index < margins.length; index++) {
    const power = Math.exp((margins[index] ?? 0) - largest);
    scores[index] = power;
    sum += power;
  }
  for (let index = 0; index < scores.length; index++) scores[index] = (scores[index] ?? 0) / sum;
  return scores;
}

/**
 * Platt's sigmoid 1 / (1 + exp(A z + B)), in the form that never overflows (Lin, Lin and Weng 2007, section 4).
 *
 * @param calibration - `Float32Array [classes × 2]`, A (below 0 for a useful class) and B of each class
 * @param highest - {@link highestExponents}, if only scores that reach their thresholds matter: the others may be 0, which costs nothing
 */
export function platt(
  margins: Float32Array,
  calibration: Float32Array,
  scores: Float32Array = new Float32Array(margins.length),
  highest?: Float64Array,
): Float32Array {
  if (calibration.length !== 2 * margins.length)
    throw new Fault('INTERNAL', { reason: 'calibration and margins are of different sizes' });
  for (let index = 0; index < scores.length; index++) {
    const exponent =
      (calibration[2 * index] ?? 0) * (margins[index] ?? 0) + (calibration[2 * index + 1] ?? 0);
    scores[index] = exponent > (highest?.[index] ?? Infinity) ? 0 : sigmoid(exponent);
  }
  return scores;
}

function sigmoid(exponent: number): number {
  const power = Math.exp(-Math.abs(exponent));
  return exponent >= 0 ? power / (1 + power) : 1 / (1 + power);
}

/**
 * The exponents A z + B beyond which no score of {@link platt} reaches its threshold.
 *
 * @param thresholds - `Float32Array [classes]`
 * @returns `Float64Array [classes]`, too high by more than what rounding a score to a float32 can lift it
 */
export function highestExponents(thresholds: Float32Array): Float64Array {
  return Float64Array.from(thresholds, (threshold) => {
    const score = threshold * (1 - 2 ** -23) - 2 ** -149;
    if (score > 1) return -Infinity;
    return score > 0 ? Math.log(1 / score - 1) : Infinity;
  });
}

/**
 * The tags of a photo: every class whose score reaches its threshold, or the best `top` whatever their thresholds.
 *
 * @param scores - `Float32Array [classes]`; a score that is no number is never a tag
 * @param thresholds - `Float32Array [classes]`; above 1 for a class that is not among the best either
 * @param top - how many, instead of the thresholds; more than there are classes gives all of them
 */
export function selectTags(scores: Float32Array, thresholds: Float32Array, top?: number): TagSelection {
  const indices = top === undefined ? reaching(scores, thresholds) : best(scores, thresholds, top);
  return { indices, scores: Float32Array.from(indices, (index) => scores[index] ?? 0) };
}

function reaching(scores: Float32Array, thresholds: Float32Array): Uint32Array {
  const indices: number[] = [];
  for (let index = 0; index < scores.length; index++)
    if ((scores[index] ?? 0) >= (thresholds[index] ?? Infinity)) indices.push(index);
  return Uint32Array.from(sortByScore(indices, scores));
}

/** Keeps up to 2 × top candidates and halves them when they are full: one pass, a sort for every `top` of them at most. */
function best(scores: Float32Array, thresholds: Float32Array, top: number): Uint32Array {
  if (top < 1) return new Uint32Array();
  let candidates: number[] = [];
  let floor = -Infinity;
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? 0;
    if (!(score > floor) || (thresholds[index] ?? 0) > 1) continue;
    candidates.push(index);
    if (candidates.length < 2 * top) continue;
    candidates = sortByScore(candidates, scores).slice(0, top);
    floor = scores[candidates.at(-1) ?? 0] ?? 0;
  }
  return Uint32Array.from(sortByScore(candidates, scores).slice(0, top));
}

function sortByScore(indices: number[], scores: Float32Array): number[] {
  return indices.sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0) || left - right);
}
