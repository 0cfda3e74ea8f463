import type { InputProblem, InputProblemCode } from './input-problem.ts';

/** Findings of a kind. */
export interface Findings<T> {
  readonly count: number;
  /** The first of them, 20 at most. */
  readonly examples: readonly T[];
}

/** A label, by what it is of. */
export interface LabelName {
  readonly class: string;
  readonly photo: string;
}

/** A class that has too few examples. */
export interface LeftOutClass {
  readonly class: string;
  readonly positives: number;
  readonly negatives: number;
}

/** What a join found, and left out; plain data. */
export interface JoinReport {
  /** Photos that have features, and how many are in each part of the training set. */
  readonly photos: { readonly stored: number; readonly learn: number; readonly heldOut: number };
  readonly labels: {
    /** In the new input, each that could be read. */
    readonly given: number;
    /** Given again. */
    readonly duplicates: number;
    /** Labels of an earlier training set that the new input changes. */
    readonly changed: number;
  };
  readonly classes: { readonly learned: number };
  /** What a strict join does not go on with. */
  readonly problems: {
    readonly input: Findings<InputProblem> & {
      readonly byCode: Readonly<Partial<Record<InputProblemCode, number>>>;
    };
    /** TRUE and FALSE in the same input: neither counts. */
    readonly contradictoryLabels: Findings<LabelName>;
    readonly labelsWithoutPhoto: Findings<LabelName>;
    readonly photosWithoutLabel: Findings<string>;
    readonly classesLeftOut: Findings<LeftOutClass>;
    /** Photos whose stored features are damaged; describe them again. */
    readonly photosDamaged: Findings<string>;
  };
}

/** What is wrong in a few words, the gravest first; empty if nothing is. */
export function describeProblems(problems: JoinReport['problems']): string[] {
  const {
    input,
    contradictoryLabels,
    labelsWithoutPhoto,
    photosWithoutLabel,
    classesLeftOut,
    photosDamaged,
  } = problems;
  const first = input.examples[0];
  const where =
    first === undefined
      ? ''
      : `${first.file}${first.line === undefined ? '' : `, line ${String(first.line)}`} ${first.reason}`;
  return [
    ...phrase(input, 'parts of the input cannot be used', where),
    ...phrase(contradictoryLabels, 'labels are both TRUE and FALSE', nameOf(contradictoryLabels.examples[0])),
    ...phrase(
      labelsWithoutPhoto,
      'labels are of photos without features',
      nameOf(labelsWithoutPhoto.examples[0]),
    ),
    ...phrase(photosWithoutLabel, 'photos have no label', photosWithoutLabel.examples[0]),
    ...phrase(classesLeftOut, 'classes have too few examples', classesLeftOut.examples[0]?.class),
    ...phrase(photosDamaged, 'photos have damaged features', photosDamaged.examples[0]),
  ];
}

function phrase({ count }: Findings<unknown>, what: string, example = ''): string[] {
  return count === 0 ? [] : [`${String(count)} ${what}${example === '' ? '' : ` (first: ${example})`}`];
}

function nameOf(label: LabelName | undefined): string | undefined {
  return label === undefined ? undefined : `${label.class} of ${label.photo}`;
}
