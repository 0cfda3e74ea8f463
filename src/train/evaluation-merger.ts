import { Fault } from '../base/errors.ts';
import type { Sigmoid } from './calibration.ts';
import { correctScore } from './calibration-correction.ts';
import type { ClassEvaluation, Evaluation } from './evaluation.ts';
import type { ClassBlockResult, ClassOutcome } from './evaluation-block.ts';
import type { EvaluationNames } from './evaluation-photos.ts';
import { judgePhotos, rounded } from './evaluation-photos.ts';
import { RowSummaries } from './evaluation-rows.ts';

/** A whole evaluation, and the correction that makes the model's scores those that were judged. */
export interface MergedEvaluation {
  readonly evaluation: Evaluation;
  /** To be put into every block's numbers by `applyCorrection`. */
  readonly correction: Sigmoid;
}

/** Puts the results of class blocks together into one evaluation; memory: some 300 bytes a photo, and the classes. */
export class EvaluationMerger {
  readonly #rows: RowSummaries;
  readonly #outcomes: (ClassOutcome & { readonly threshold: number })[] = [];
  #precision: number | undefined;

  /** @param rows - how many photos were held out */
  constructor(rows: number) {
    this.#rows = new RowSummaries(rows);
  }

  /**
   * Takes in a block; the order is of no matter.
   * @throws Fault `INTERNAL` for a block of other rows or another stated precision
   */
  add({ firstClass, precision, classes, thresholds, rows }: ClassBlockResult): void {
    this.#precision ??= precision;
    if (rows.rows !== this.#rows.rows || precision !== this.#precision)
      throw new Fault('INTERNAL', { reason: 'blocks of different evaluations do not go together' });
    classes.forEach((outcome, index) => {
      this.#outcomes[firstClass + index] = { ...outcome, threshold: thresholds[index] ?? 1 };
    });
    this.#rows.merge(rows);
  }

  /**
   * The evaluation of all classes.
   *
   * @param exclusiveClasses - how many classes were said to exclude each other
   * @throws Fault `INTERNAL` if a class or a photo has no name, or a class was never added
   */
  finish(names: EvaluationNames, exclusiveClasses = 0): MergedEvaluation {
    if (names.classes.length !== this.#outcomes.length || names.photos.length !== this.#rows.rows)
      throw new Fault('INTERNAL', { reason: 'an evaluation has other classes or photos than it has names' });
    const { findings, correction } = judgePhotos(this.#rows, names, exclusiveClasses);
    return {
      correction,
      evaluation: {
        version: 1,
        photos: names.photos.length,
        classes: names.classes.map((name, index) => this.#classEvaluation(name, index, correction)),
        ...this.#totals(),
        ...findings,
      },
    };
  }

  #classEvaluation(name: string, index: number, correction: Sigmoid): ClassEvaluation {
    const outcome = this.#outcomes[index];
    if (outcome === undefined) throw new Fault('INTERNAL', { reason: `the class ${name} was not evaluated` });
    const { positives, negatives, averagePrecision, threshold, shown, right, relevant } = outcome;
    return {
      name,
      positives,
      negatives,
      averagePrecision: averagePrecision === null ? null : rounded(averagePrecision),
      threshold: rounded(correctScore(correction, threshold)),
      shown: rounded(shown),
      precision: ratio(right, shown),
      recall: ratio(right, relevant),
    };
  }

  #totals() {
    const total = { right: 0, shown: 0, relevant: 0, average: 0, judged: 0 };
    for (const { right, shown, relevant, averagePrecision } of this.#outcomes) {
      total.right += right;
      total.shown += shown;
      total.relevant += relevant;
      if (averagePrecision === null) continue;
      total.average += averagePrecision;
      total.judged++;
    }
    return {
      meanAveragePrecision: ratio(total.average, total.judged),
      judgedClasses: total.judged,
      statedPrecision: this.#precision ?? 0,
      precision: ratio(total.right, total.shown),
      recall: ratio(total.right, total.relevant),
      shown: rounded(total.shown),
    };
  }
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.min(rounded(part / whole), 1);
}
