import { Fault } from '../base/errors.ts';

/**
 * How the margins of a block become scores between 0 and 1.
 *
 * `softmax`: the classes exclude one another, scores add up to 1. `platt`: each class on its own, by its sigmoid.
 */
export const scoreFunctions = ['softmax', 'platt'] as const;

/** A name of {@link scoreFunctions}. */
export type ScoreFunction = (typeof scoreFunctions)[number];

/** A class and its score. */
export interface Tag {
  /** Index of the class. */
  readonly index: number;
  /** A float32. */
  readonly score: number;
}

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

/** How a block's tags are found. */
export interface TagRule extends ScoreRule {
  /** Index of the block's first class. */
  readonly firstClass: number;
  /** `Float32Array [classes]` */
  readonly thresholds: Float32Array;
  /** {@link leastMargins} of them; empty for softmax. */
  readonly leastMargins: Float64Array;
}

/**
 * Scores of one photo over one block.
 *
 * @param margins - `Float32Array [classes]`, z = w·x − b
 * @param into - `Float32Array [classes]`, filled; a fresh one by default
 * @returns `into`
 */
export function blockScores(
  margins: Float32Array,
  { score, calibration }: ScoreRule,
  into: Float32Array = new Float32Array(margins.length),
): Float32Array {
  switch (score) {
    case 'softmax':
      return softmax(margins, into);
    case 'platt':
      return platt(margins, calibration, into);
  }
}

/**
 * Finds the tags of one photo in one block: every class whose score, to the bit that of {@link blockScores}, reaches its threshold.
 *
 * @param margins - `Float32Array [classes]`
 * @param tags - where they are added, in class order
 */
export function findTags(margins: Float32Array, rule: TagRule, tags: Tag[]): void {
  switch (rule.score) {
    case 'softmax':
      findSoftmaxTags(margins, rule, tags);
      break;
    case 'platt':
      findPlattTags(margins, rule, tags);
      break;
  }
}

function findSoftmaxTags(margins: Float32Array, { firstClass, thresholds }: TagRule, tags: Tag[]): void {
  for (const { index, score } of reaching(softmax(margins), thresholds))
    tags.push({ index: firstClass + index, score });
}

/** One comparison for each of the many classes that are no tag. */
function findPlattTags(margins: Float32Array, rule: TagRule, tags: Tag[]): void {
  const { firstClass, calibration, thresholds, leastMargins: least } = rule;
  for (let index = 0; index < margins.length; index++) {
    const margin = margins[index] ?? 0;
    if (margin < (least[index] ?? -Infinity)) continue;
    const score = Math.fround(sigmoid(exponent(margin, calibration, index)));
    if (score >= (thresholds[index] ?? Infinity)) tags.push({ index: firstClass + index, score });
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
 */
export function platt(
  margins: Float32Array,
  calibration: Float32Array,
  scores: Float32Array = new Float32Array(margins.length),
): Float32Array {
  if (calibration.length !== 2 * margins.length)
    throw new Fault('INTERNAL', { reason: 'calibration and margins are of different sizes' });
  for (let index = 0; index < scores.length; index++)
    scores[index] = sigmoid(exponent(margins[index] ?? 0, calibration, index));
  return scores;
}

/** A z + B of a class. */
function exponent(margin: number, calibration: Float32Array, index: number): number {
  return (calibration[2 * index] ?? 0) * margin + (calibration[2 * index + 1] ?? 0);
}

function sigmoid(exponent: number): number {
  const power = Math.exp(-Math.abs(exponent));
  return exponent >= 0 ? power / (1 + power) : 1 / (1 + power);
}

/**
 * The margins below which no score of {@link platt} reaches its threshold.
 *
 * @param calibration - as of {@link platt}
 * @param thresholds - `Float32Array [classes]`
 * @returns `Float64Array [classes]`, too low by more than all rounding can lift a score; −∞ where scores do not rise with margins
 */
export function leastMargins(calibration: Float32Array, thresholds: Float32Array): Float64Array {
  return Float64Array.from(thresholds, (threshold, index) => {
    const [a = 0, b = 0] = calibration.subarray(2 * index);
    const score = threshold * (1 - 2 ** -23) - 2 ** -149;
    if (score > 1) return Infinity;
    if (!(score > 0 && a < 0)) return -Infinity;
    const highest = Math.log(1 / score - 1);
    const slack = 2 ** -48 * (Math.abs(highest) + Math.abs(b));
    return (highest + slack - b) / a;
  });
}

/** The tags of a photo as they are kept. */
export function asSelection(tags: Tag[]): TagSelection {
  tags.sort(byScore);
  const selection = { indices: new Uint32Array(tags.length), scores: new Float32Array(tags.length) };
  for (const [place, { index, score }] of tags.entries()) {
    selection.indices[place] = index;
    selection.scores[place] = score;
  }
  return selection;
}

/**
 * The tags of a photo: every class whose score reaches its threshold, or the best `top` whatever their thresholds.
 *
 * @param scores - `Float32Array [classes]`; a score that is no number is never a tag
 * @param thresholds - `Float32Array [classes]`; above 1 for a class that is not among the best either
 * @param top - how many, instead of the thresholds; more than there are classes gives all of them
 */
export function selectTags(scores: Float32Array, thresholds: Float32Array, top?: number): TagSelection {
  return asSelection(top === undefined ? reaching(scores, thresholds) : best(scores, thresholds, top));
}

function reaching(scores: Float32Array, thresholds: Float32Array): Tag[] {
  const tags: Tag[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? 0;
    if (score >= (thresholds[index] ?? Infinity)) tags.push({ index, score });
  }
  return tags;
}

/** Keeps up to 2 × top candidates and halves them when they are full: one pass, a sort for every `top` of them at most. */
function best(scores: Float32Array, thresholds: Float32Array, top: number): Tag[] {
  if (top < 1) return [];
  let candidates: Tag[] = [];
  let floor = -Infinity;
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? 0;
    if (!(score > floor) || (thresholds[index] ?? 0) > 1) continue;
    candidates.push({ index, score });
    if (candidates.length < 2 * top) continue;
    candidates = candidates.sort(byScore).slice(0, top);
    floor = candidates.at(-1)?.score ?? -Infinity;
  }
  return candidates.sort(byScore).slice(0, top);
}

function byScore(left: Tag, right: Tag): number {
  return right.score - left.score || left.index - right.index;
}
