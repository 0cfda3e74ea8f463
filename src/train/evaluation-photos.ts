import type { Sigmoid } from './calibration.ts';
import { correctLogit, fitCorrection } from './calibration-correction.ts';
import type { Evaluation, WrongTag } from './evaluation.ts';
import type { RowSummaries, RowTag } from './evaluation-rows.ts';

/** Names that an evaluation shows. */
export interface EvaluationNames {
  /** Of all classes, by index. */
  readonly classes: readonly string[];
  /** Ids of the held-out photos, by row. */
  readonly photos: readonly string[];
}

/** What a look at the photos, one after the other, says of a model. */
export type PhotoFindings = Pick<
  Evaluation,
  'calibrationError' | 'reliability' | 'exclusive' | 'confusions' | 'falseTags' | 'missedTags'
>;

/** A tag of a held-out photo. */
interface PhotoTag extends RowTag {
  readonly row: number;
  readonly logit: number;
  /** Its corrected score. */
  readonly score: number;
}

type ReliabilityBin = Evaluation['reliability'][number];

const reliabilityBins = 15;
const listLength = 60;
const confusionLength = 50;

/**
 * Fits the correction of all scores to the photos' highest tags, and judges the photos. Each half of the photos (even and odd rows) is
 * judged with what was fitted to the other half.
 */
export function judgePhotos(
  summaries: RowSummaries,
  names: EvaluationNames,
  exclusiveClasses: number,
): { readonly findings: PhotoFindings; readonly correction: Sigmoid } {
  const highest = tagsOf(summaries, 'best', [unchanged, unchanged]);
  const correction = correctionOf(highest);
  const halves = [0, 1].map((parity) => correctionOf(highest.filter(({ row }) => row % 2 !== parity)));
  const best = tagsOf(summaries, 'best', halves);
  const lowestRight = tagsOf(summaries, 'lowestRight', halves);
  const reliability = reliabilityOf(best);
  return {
    correction,
    findings: {
      calibrationError: calibrationError(reliability),
      reliability: reliability.map(({ tags, score, right }) => ({
        tags: rounded(tags),
        score: rounded(score),
        right: rounded(right),
      })),
      exclusive: exclusiveOf(summaries, exclusiveClasses),
      confusions: confusionsOf(best, lowestRight, names.classes),
      falseTags: worst(
        best.filter(({ right }) => !right).sort((left, right) => right.score - left.score),
        names,
      ),
      missedTags: worst(
        lowestRight.filter(({ shown }) => !shown).sort((left, right) => left.score - right.score),
        names,
      ),
    },
  };
}

/** A number of an evaluation: six digits tell models apart. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

const unchanged: Sigmoid = { a: -1, b: 0 };

function tagsOf(
  summaries: RowSummaries,
  which: 'best' | 'lowestRight',
  corrections: readonly Sigmoid[],
): PhotoTag[] {
  const tags: PhotoTag[] = [];
  const sign = which === 'best' ? 1 : -1;
  for (let row = 0; row < summaries.rows; row++) {
    const correction = corrections[row % 2] ?? unchanged;
    for (const tag of summaries[which].of(row)) {
      const logit = sign * tag.key;
      tags.push({ ...tag, row, logit, score: 1 / (1 + Math.exp(-correctLogit(correction, logit))) });
    }
  }
  return tags;
}

function correctionOf(tags: readonly PhotoTag[]): Sigmoid {
  return fitCorrection({
    logits: Float32Array.from(tags, ({ logit }) => logit),
    labels: Int8Array.from(tags, ({ right }) => (right ? 1 : -1)),
    weights: Float32Array.from(tags, ({ weight }) => weight),
  });
}

/** Bins of equal mass, by rising score. */
function reliabilityOf(tags: readonly PhotoTag[]): ReliabilityBin[] {
  const rising = [...tags].sort((left, right) => left.score - right.score);
  const mass = rising.reduce((sum, { weight }) => sum + weight, 0);
  const bins = Array.from({ length: reliabilityBins }, () => ({ tags: 0, score: 0, right: 0 }));
  let before = 0;
  for (const { weight, score, right } of rising) {
    const middle = before + weight / 2;
    const bin = bins[Math.min(Math.floor((middle / mass) * reliabilityBins), reliabilityBins - 1)];
    before += weight;
    if (bin === undefined) continue;
    bin.tags += weight;
    bin.score += weight * score;
    if (right) bin.right += weight;
  }
  return bins
    .filter(({ tags }) => tags > 0)
    .map(({ tags, score, right }) => ({ tags, score: score / tags, right: right / tags }));
}

function calibrationError(bins: readonly ReliabilityBin[]): number | null {
  const mass = bins.reduce((sum, { tags }) => sum + tags, 0);
  if (mass === 0) return null;
  return rounded(
    bins.reduce((sum, { tags, score, right }) => sum + (tags * Math.abs(score - right)) / mass, 0),
  );
}

function exclusiveOf(
  { rows, exclusiveJudged, exclusiveByScore, exclusiveByMargin }: RowSummaries,
  classes: number,
): Evaluation['exclusive'] {
  let photos = 0;
  let byScore = 0;
  let byMargin = 0;
  for (let row = 0; row < rows; row++) {
    if (exclusiveJudged[row] !== 1) continue;
    photos++;
    if (exclusiveByScore.of(row)[0]?.right === true) byScore++;
    if (exclusiveByMargin.of(row)[0]?.right === true) byMargin++;
  }
  if (photos === 0) return null;
  return {
    classes,
    photos,
    accuracy: rounded(byScore / photos),
    accuracyByMargin: rounded(byMargin / photos),
  };
}

/** Pairs of a tag that a photo shows wrongly and a right one that it has below that. */
function confusionsOf(
  best: readonly PhotoTag[],
  lowestRight: readonly PhotoTag[],
  names: readonly string[],
): Evaluation['confusions'] {
  const wrong = new Map<number, PhotoTag[]>();
  for (const tag of best)
    if (tag.shown && !tag.right) wrong.set(tag.row, [...(wrong.get(tag.row) ?? []), tag]);
  const counts = new Map<number, number>();
  for (const right of lowestRight)
    for (const { index, logit } of wrong.get(right.row) ?? []) {
      if (logit < right.logit) continue;
      const pair = index * names.length + right.index;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  return [...counts]
    .sort(([left, leftPhotos], [right, rightPhotos]) => rightPhotos - leftPhotos || left - right)
    .slice(0, confusionLength)
    .map(([pair, photos]) => ({
      shown: names[Math.floor(pair / names.length)] ?? '',
      right: names[pair % names.length] ?? '',
      photos,
    }));
}

/** The first tags of a list, one a photo. */
function worst(tags: readonly PhotoTag[], names: EvaluationNames): WrongTag[] {
  const found = new Map<number, WrongTag>();
  for (const { row, index, score } of tags) {
    if (found.size === listLength) break;
    if (found.has(row)) continue;
    found.set(row, {
      photo: names.photos[row] ?? '',
      tag: names.classes[index] ?? '',
      score: rounded(score),
    });
  }
  return [...found.values()];
}
