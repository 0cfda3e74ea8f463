/** How a block of classes is learned. */
export interface Schedule {
  /** Rows of a mini-batch. */
  readonly batchRows: number;
  /** Passes over the rows that are learned from. */
  readonly epochs: number;
  /** Relative to the correlation matrix, what is added to its diagonal: regularises, the more the fewer rows there are. */
  readonly shrinkage: number;
}

/**
 * The schedule for a number of rows. Measured on subsets of 600 to 24,000 photos with 73 classes: more rows bear less shrinkage, more
 * dims want more of it, and after three epochs the average of the steps gains nothing more (docs/decisions/0019).
 */
export function scheduleFor(rows: number, dims: number): Schedule {
  const batchRows = rows < 4_000 ? 64 : rows < 16_000 ? 128 : 256;
  const shrinkage = Math.min(Math.max((0.58 * dims) / Math.sqrt(Math.max(rows, 1)), 1), 20);
  return { batchRows, epochs: 3, shrinkage };
}

/** What a mini-batch is expected to hold of a class. */
export interface ClassShare {
  readonly positives: number;
  readonly negatives: number;
  /** Rows in all, labelled or not. */
  readonly rows: number;
}

/** Most that an example of the rarer side weighs, in examples of the other. */
const heaviest = 1.5;
/** Of the largest step that is stable, how much the first one is. */
const boldness = 0.9;
/** By how much the steps have shrunk after an epoch: to 1 / (1 + fading). */
const fading = 0.5;

/** Weights of a positive and of a negative example: the rarer side weighs more, up to a limit. */
export function exampleWeights({ positives, negatives }: ClassShare): [positive: number, negative: number] {
  const weight = (own: number, other: number) =>
    Math.min(Math.max(Math.sqrt(other / Math.max(own, 1)), 1), heaviest);
  return [weight(positives, negatives), weight(negatives, positives)];
}

/**
 * The step size of a class, for gradients divided by the rows of a batch. Stable while step · weight · |x̃|² stays below 1 for what a
 * batch holds of the class; labels that are missing make gradients smaller, and steps as much larger.
 *
 * @param squaredLength - mean |x̃|² of whitened rows
 */
export function stepSize(share: ClassShare, batchRows: number, squaredLength: number): number {
  const labelled = (share.positives + share.negatives) / Math.max(share.rows, 1);
  const inBatch = Math.max(batchRows * labelled, 1);
  const weight = Math.max(...exampleWeights(share));
  return boldness / (weight * (1 + squaredLength / inBatch)) / Math.max(labelled, 1 / batchRows);
}

/** By what step sizes are multiplied after some epochs. */
export function fadeAfter(epochs: number): number {
  return 1 / (1 + fading * epochs);
}
