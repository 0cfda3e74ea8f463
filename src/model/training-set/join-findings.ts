import { Fault } from '../../base/errors.ts';
import type { ExampleCounter } from './example-counter.ts';
import { FindingList, maxExamples } from './finding-list.ts';
import type { InputProblem, InputProblemCode } from './input-problem.ts';
import type { JoinDatabase } from './join-database.ts';
import {
  describeProblems,
  type Findings,
  type JoinReport,
  type LabelName,
  type LeftOutClass,
} from './join-report.ts';
import type { LabelSources } from './label-sources.ts';
import type { SettledLabels } from './settled-labels.ts';

/** Everything that a join leaves out. */
export class JoinFindings {
  readonly #input = new FindingList<InputProblem>();
  readonly #inputCodes = new Map<InputProblemCode, number>();
  readonly #classesLeftOut = new FindingList<LeftOutClass>();
  readonly #photosDamaged = new FindingList<string>();
  #contradictoryLabels: Findings<LabelName> = { count: 0, examples: [] };
  #labelsWithoutPhoto: Findings<LabelName> = { count: 0, examples: [] };
  #photosWithoutLabel: Findings<string> = { count: 0, examples: [] };

  readonly onInputProblem = (problem: InputProblem): void => {
    this.#input.add(problem);
    this.#inputCodes.set(problem.code, (this.#inputCodes.get(problem.code) ?? 0) + 1);
  };

  /** Told of ids in a feature store that cannot be read. */
  readonly onGap = ({ details, message }: Fault): void => {
    this.onInputProblem({
      code: 'unreadable',
      file: String(details['file'] ?? ''),
      reason: `is damaged: ${message}`,
    });
  };

  readonly onDamaged = (photo: string): void => {
    this.#photosDamaged.add(photo);
  };

  /** Adds what was found when labels were settled, and the lines of the input that cannot be used. */
  async addSettled(
    database: JoinDatabase,
    sources: LabelSources,
    { settled, classes }: { settled: SettledLabels; classes: readonly string[] },
  ): Promise<void> {
    const { contradictions, photosWithoutLabel, labelsWithoutPhoto, labelsOfBadIds } = settled;
    await sources.inspect(labelsOfBadIds > 0);
    const contradictory: LabelName[] = [];
    for (const { photo, classNumber } of contradictions.examples)
      contradictory.push({ class: classes[classNumber] ?? '', photo: await photoId(database, photo) });
    this.#contradictoryLabels = { count: contradictions.count, examples: contradictory };
    const homeless = labelsWithoutPhoto === 0 ? [] : await sources.withoutPhoto(maxExamples);
    this.#labelsWithoutPhoto = { count: labelsWithoutPhoto, examples: homeless };
    const unlabelled: string[] = [];
    for (const photo of photosWithoutLabel.examples) unlabelled.push(await photoId(database, photo));
    this.#photosWithoutLabel = { count: photosWithoutLabel.count, examples: unlabelled };
  }

  /**
   * Leaves out the classes that have too few examples.
   * @returns the numbers of the others
   */
  keepClasses(
    classes: readonly string[],
    counter: ExampleCounter,
    { minPositives, minNegatives }: { minPositives: number; minNegatives: number },
  ): number[] {
    return [...classes.entries()].flatMap(([number, name]) => {
      const [positives, negatives] = [counter.positives(number), counter.negatives(number)];
      if (positives >= minPositives && negatives >= minNegatives) return [number];
      this.#classesLeftOut.add({ class: name, positives, negatives });
      return [];
    });
  }

  /** Plain data. */
  toProblems(): JoinReport['problems'] {
    return {
      input: { ...this.#input.toFindings(), byCode: Object.fromEntries(this.#inputCodes) },
      contradictoryLabels: this.#contradictoryLabels,
      labelsWithoutPhoto: this.#labelsWithoutPhoto,
      photosWithoutLabel: this.#photosWithoutLabel,
      classesLeftOut: this.#classesLeftOut.toFindings(),
      photosDamaged: this.#photosDamaged.toFindings(),
    };
  }

  /** @throws Fault `LABELS_REJECTED` if there is anything */
  refuseAny(): void {
    const problems = describeProblems(this.toProblems());
    if (problems.length > 0) throw new Fault('LABELS_REJECTED', { reason: problems.join('; ') });
  }

  /** There is nothing to learn, and why. */
  nothingLeft(): Fault {
    const problems = describeProblems(this.toProblems());
    return new Fault('TRAINING_SET_EMPTY', { reason: problems.join('; ') || 'there are no labels' });
  }
}

async function photoId(database: JoinDatabase, photo: number): Promise<string> {
  const [row] = await database.run('SELECT id FROM photos WHERE rowid = $photo', { photo });
  return String(row?.[0]);
}
