import type { Sigmoid } from './calibration.ts';
import { correctPrevalence, logit, marginPoints } from './calibration.ts';
import type { CalibrationPrior } from './calibration-prior.ts';
import { baseRate, fitCalibrationPrior, fitUnder } from './calibration-prior.ts';
import type { LabelledMargins, Ranking } from './evaluation-ranking.ts';
import { averagePrecision, halfOf, rankRows } from './evaluation-ranking.ts';
import { RowSummaries } from './evaluation-rows.ts';
import type { ShownTags } from './threshold.ts';
import { chooseThreshold, correctPrecision, scoreOf } from './threshold.ts';

/** Held-out margins of a block of classes. Every block of a model has the same rows, in the same order. */
export interface ClassBlock extends LabelledMargins {
  /** Index of the block's first class in the whole model. */
  readonly firstClass: number;
  /** `Float32Array [classes]`, share of positives in the corpus, within (0, 1), or NaN to take the held-out rows' own. */
  readonly corpusShares?: Float32Array | undefined;
  /** `Uint8Array [classes]`, 1 for classes of the exclusive set. */
  readonly exclusive?: Uint8Array | undefined;
}

/** What a calibration aims at. */
export interface CalibrationOptions {
  /** Share of the tags shown that shall be right, within (0, 1). */
  readonly precision: number;
  /** Instead of one fitted to the block: for blocks of few classes. */
  readonly prior?: CalibrationPrior | undefined;
}

/** How a class does on held-out photos. Counts are of the corpus: weighted, where its share of positives is another. */
export interface ClassOutcome {
  readonly positives: number;
  readonly negatives: number;
  /** `null` without a positive or a negative. */
  readonly averagePrecision: number | null;
  /** Photos that show it. */
  readonly shown: number;
  /** Photos that show it rightly. */
  readonly right: number;
  /** Photos that should show it. */
  readonly relevant: number;
}

/** A block, calibrated and judged. */
export interface ClassBlockResult {
  readonly firstClass: number;
  /** The stated precision. */
  readonly precision: number;
  /** `Float32Array [classes × 2]`, A and B of each class, fitted to all rows; before the correction that all blocks share. */
  readonly calibration: Float32Array;
  /** `Float32Array [classes]`, scores; before that correction, too. */
  readonly thresholds: Float32Array;
  readonly classes: readonly ClassOutcome[];
  readonly rows: RowSummaries;
  readonly prior: CalibrationPrior;
}

/** Log-odds beyond this are as good as certain. */
const logitLimit = 50;

/**
 * Calibrates a block of classes on held-out margins and judges it there. Each half of the rows (even and odd numbers) is judged by what
 * was fitted to the other half; the calibration and the thresholds given back are fitted to all rows.
 *
 * It needs about 16 bytes a pair of row and class, beside the block itself.
 * @throws Fault `INTERNAL` for a margin that is no finite number, more than 1,048,576 rows, or shares outside (0, 1)
 */
export function calibrateAndEvaluate(
  block: ClassBlock,
  { precision, prior }: CalibrationOptions,
): ClassBlockResult {
  logit(precision);
  const rankings = Array.from({ length: block.classes }, (_, index) => rankRows(block, index));
  const whole = calibrate(rankings, block, prior);
  const halves = [0, 1].map((parity) => rankings.map((ranking) => halfOf(ranking, parity)));
  const trials = [0, 1].map((parity) => new Trial(block, halves, parity, whole, prior));

  // The precision to ask for is tried as well on rows that had no part in it.
  const asked = trials.map((_, index) => {
    const others = trials.filter((_, other) => other !== index);
    return correctPrecision(precision, showAll(others));
  });
  const finallyAsked = correctPrecision(precision, showAll(trials));

  const rows = new RowSummaries(block.rows);
  const shown = trials.map((trial, index) => trial.judge(asked[index] ?? precision, rows));
  return {
    firstClass: block.firstClass,
    precision,
    calibration: Float32Array.from(whole.sigmoids.flatMap(({ a, b }) => [a, b])),
    thresholds: Float32Array.from(rankings, ({ margins }, index) =>
      chooseThreshold(margins, whole.sigmoids[index] ?? flat, finallyAsked, whole.oddsRatios[index]),
    ),
    classes: rankings.map((ranking, index) => {
      const tags = shown.map((outcomes) => outcomes[index] ?? nothing).reduce(sum);
      return outcomeOf(ranking, tags, whole.weights[index]?.positive ?? 1);
    }),
    rows,
    prior: whole.prior,
  };
}

function outcomeOf(ranking: Ranking, tags: ShownTags, positiveWeight: number): ClassOutcome {
  const positives = ranking.labels.reduce((count, label) => count + (label > 0 ? 1 : 0), 0);
  return {
    positives,
    negatives: ranking.labels.length - positives,
    averagePrecision: averagePrecision(ranking) ?? null,
    ...tags,
    relevant: positives * positiveWeight,
  };
}

/** Sigmoids of a block, and how its labelled rows stand to the corpus. */
interface BlockCalibration {
  readonly prior: CalibrationPrior;
  readonly sigmoids: readonly Sigmoid[];
  /** Odds of a positive in the corpus over those among the rows. */
  readonly oddsRatios: readonly number[];
  readonly weights: readonly LabelWeights[];
}

/** How much a row of one class counts in the corpus. */
interface LabelWeights {
  readonly positive: number;
  readonly negative: number;
}

const flat: Sigmoid = { a: 0, b: 0 };
const nothing: ShownTags = { shown: 0, right: 0 };

function sum(one: ShownTags, other: ShownTags): ShownTags {
  return { shown: one.shown + other.shown, right: one.right + other.right };
}

function showAll(trials: readonly Trial[]): (asked: number) => ShownTags {
  return (asked) => trials.map((trial) => trial.show(asked)).reduce(sum, nothing);
}

function calibrate(
  rankings: readonly Ranking[],
  { corpusShares }: ClassBlock,
  given: CalibrationPrior | undefined,
): BlockCalibration {
  const points = rankings.map(({ margins, labels }) => marginPoints(margins, labels));
  const prior = given ?? fitCalibrationPrior(points);
  const sigmoids: Sigmoid[] = [];
  const oddsRatios: number[] = [];
  const weights: LabelWeights[] = [];
  points.forEach((entry, index) => {
    const sample = baseRate(entry, prior);
    const share = corpusShares?.[index] ?? NaN;
    const corpus = Number.isNaN(share) ? sample : share;
    sigmoids.push(correctPrevalence(fitUnder(prior, entry), sample, corpus));
    oddsRatios.push(Math.exp(logit(corpus) - logit(sample)));
    weights.push({ positive: corpus / sample, negative: (1 - corpus) / (1 - sample) });
  });
  return { prior, sigmoids, oddsRatios, weights };
}

/** A calibration of one half of the rows, judged on the other half. */
class Trial {
  readonly #block: ClassBlock;
  readonly #parity: number;
  readonly #fitted: readonly Ranking[];
  readonly #judged: readonly Ranking[];
  readonly #calibration: BlockCalibration;
  readonly #weights: readonly LabelWeights[];

  constructor(
    block: ClassBlock,
    halves: readonly (readonly Ranking[])[],
    parity: number,
    whole: BlockCalibration,
    prior: CalibrationPrior | undefined,
  ) {
    this.#block = block;
    this.#parity = parity;
    this.#fitted = halves[1 - parity] ?? [];
    this.#judged = halves[parity] ?? [];
    this.#calibration = calibrate(this.#fitted, block, prior);
    this.#weights = whole.weights;
  }

  /** What all classes show together. */
  show(asked: number): ShownTags {
    return this.#judged
      .map((ranking, index) => this.#shownBy(ranking, index, this.#threshold(index, asked)))
      .reduce(sum, nothing);
  }

  /** What each class shows; the judged rows' tags go into `summaries`. */
  judge(asked: number, summaries: RowSummaries): ShownTags[] {
    return this.#judged.map((ranking, index) => {
      const threshold = this.#threshold(index, asked);
      this.#summarise(ranking, index, threshold, summaries);
      if (this.#block.exclusive?.[index] === 1) this.#compete(index, summaries);
      return this.#shownBy(ranking, index, threshold);
    });
  }

  #threshold(index: number, asked: number): number {
    const margins = this.#fitted[index]?.margins ?? new Float32Array();
    return chooseThreshold(margins, this.#sigmoid(index), asked, this.#calibration.oddsRatios[index]);
  }

  #sigmoid(index: number): Sigmoid {
    return this.#calibration.sigmoids[index] ?? flat;
  }

  #weight(index: number, label: number): number {
    const weights = this.#weights[index];
    return (label > 0 ? weights?.positive : weights?.negative) ?? 1;
  }

  #shownBy({ margins, labels }: Ranking, index: number, threshold: number): ShownTags {
    const sigmoid = this.#sigmoid(index);
    let shown = 0;
    let right = 0;
    for (let rank = 0; rank < margins.length; rank++) {
      if (!(scoreOf(sigmoid, margins[rank] ?? 0) >= threshold)) break;
      const label = labels[rank] ?? 0;
      const weight = this.#weight(index, label);
      shown += weight;
      if (label > 0) right += weight;
    }
    return { shown, right };
  }

  #summarise(
    { margins, labels, rows }: Ranking,
    index: number,
    threshold: number,
    summaries: RowSummaries,
  ): void {
    const sigmoid = this.#sigmoid(index);
    for (let rank = 0; rank < margins.length; rank++) {
      const row = rows[rank] ?? 0;
      const margin = margins[rank] ?? 0;
      const label = labels[rank] ?? 0;
      const key = logOdds(sigmoid, margin);
      if (label < 0 && summaries.best.refuses(row, key)) continue;
      const tag = {
        index: this.#block.firstClass + index,
        right: label > 0,
        shown: scoreOf(sigmoid, margin) >= threshold,
        weight: this.#weight(index, label),
      };
      summaries.best.offer(row, key, tag);
      if (tag.right) summaries.lowestRight.offer(row, -key, tag);
    }
  }

  /** Offers an exclusive class to every judged row, labelled there or not: another of the set may be right. */
  #compete(index: number, summaries: RowSummaries): void {
    const { rows, classes, margins, labels, firstClass } = this.#block;
    const { exclusiveByScore, exclusiveByMargin } = summaries;
    const sigmoid = this.#sigmoid(index);
    for (let row = this.#parity; row < rows; row += 2) {
      const at = row * classes + index;
      const margin = margins[at] ?? NaN;
      const key = logOdds(sigmoid, margin);
      const right = (labels[at] ?? 0) > 0;
      if (right) summaries.exclusiveJudged[row] = 1;
      if (exclusiveByScore.refuses(row, key) && exclusiveByMargin.refuses(row, margin)) continue;
      const tag = { index: firstClass + index, right, shown: false, weight: 1 };
      exclusiveByScore.offer(row, key, tag);
      exclusiveByMargin.offer(row, margin, tag);
    }
  }
}

function logOdds({ a, b }: Sigmoid, margin: number): number {
  return Math.min(Math.max(-(a * margin + b), -logitLimit), logitLimit);
}
