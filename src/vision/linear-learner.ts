import { LinearLearner as LearnerMemory } from '#kernel';
import { Fault } from '../base/errors.ts';
import type { Kernel } from './kernel.ts';
import type { LinearBatch } from './linear-batch.ts';
import {
  checkCount,
  checkFinite,
  checkLength,
  checkNumber,
  maxDims,
  maxRows,
  refuse,
} from './linear-check.ts';
import type { ClassifierBlock } from './linear-projection.ts';

/** How large a block of classes is. */
export interface LearnerShape {
  /** Rows of a batch at most. */
  readonly capacity: number;
  readonly dims: number;
  readonly classes: number;
}

/**
 * How a step changes the classifiers. With the gradient `g = Σ weight · y · max(0, 1 − y·z) · x` of class c:
 * `w ← (1 − rate·decay)·w + rate·g / normaliser`, then `average ← average + averaging · (w − average)`; offsets likewise, without decay.
 */
export interface LearnerStep {
  /** The step size of each class, `[classes]`. */
  readonly rates: Float32Array;
  /** λ */
  readonly decay: number;
  /** What the sums over a batch are divided by: its rows, say. */
  readonly normaliser: number;
  /** How far averages follow: 1/t in step t gives the mean of all, 0 leaves them as they are. */
  readonly averaging: number;
}

/** The classifiers themselves, or their averages over steps. */
export type LearnerPart = 'current' | 'average';

/**
 * A block of linear classifiers `z = w·x − b` in a kernel's memory, that learns by mini-batches: squared hinge, one-vs-rest.
 * A class learns the same bits whichever other classes are in its block.
 *
 * Takes 8 · classes · dims + 8 · capacity · dims + 5 · capacity · classes bytes (all in whole sixteens), and those of a result
 * while it is handed over, until {@link LinearLearner.free}.
 */
export class LinearLearner {
  readonly shape: LearnerShape;
  readonly #kernel: Kernel;
  readonly #memory: LearnerMemory;

  /**
   * Classifiers at zero, whose positives and negatives weigh 1.
   *
   * @throws Fault `REQUEST_INVALID` when a number of the shape is out of bounds
   */
  constructor(kernel: Kernel, shape: LearnerShape) {
    const { capacity, dims, classes } = shape;
    checkCount("a learner's capacity", capacity, 1, maxRows);
    checkCount('dims', dims, 1, maxDims);
    checkCount('the number of classes', classes, 1, 65_536);
    this.shape = shape;
    this.#kernel = kernel;
    this.#memory = new LearnerMemory(capacity, dims, classes);
    this.weigh(new Float32Array(2 * classes).fill(1));
  }

  /**
   * Sets classifiers or their averages.
   *
   * @throws Fault `REQUEST_INVALID` when the block's shapes do not fit or a number in it is not finite
   */
  load({ w, b }: ClassifierBlock, part: LearnerPart = 'current'): void {
    checkLength('weights', w, this.shape.classes, this.shape.dims);
    checkLength('offsets', b, this.shape.classes);
    checkFinite('weights and offsets', w, b);
    if (part === 'average') this.#memory.load_averages(w, b);
    else this.#memory.load(w, b);
  }

  /** A copy of the classifiers or their averages. */
  read(part: LearnerPart): ClassifierBlock {
    const averages = part === 'average';
    return { w: this.#memory.weights(averages), b: this.#memory.offsets(averages) };
  }

  /**
   * Sets what each positive and negative of a class weighs.
   *
   * @param weights - `[classes × 2]`: positive, negative
   * @throws Fault `REQUEST_INVALID` when the shape does not fit or a number is not finite
   */
  weigh(weights: Float32Array): void {
    checkLength('weights of labels', weights, this.shape.classes, 2);
    checkFinite('weights of labels', weights);
    this.#memory.weigh(weights);
  }

  /**
   * Margins of a batch, `[rows × classes]`.
   *
   * @throws Fault `REQUEST_INVALID` when the batch does not fit
   */
  margins(batch: LinearBatch, part: LearnerPart): Float32Array {
    this.#checkBatch(batch);
    return this.#memory.margins(batch.memory, part === 'average');
  }

  /**
   * Learns from a batch.
   *
   * @param targets - `[rows × classes]`: 1, −1, or 0 where there is no label
   * @returns the objective of each class on this batch before the step, `Σ weight · max(0, 1 − y·z)²`, `[classes]`
   * @throws Fault `REQUEST_INVALID` when something does not fit; `LEARNING_DIVERGED` when an objective is not finite
   */
  step(
    batch: LinearBatch,
    targets: Int8Array,
    { rates, decay, normaliser, averaging }: LearnerStep,
  ): Float32Array {
    const { classes } = this.shape;
    this.#checkBatch(batch);
    checkLength('targets', targets, batch.rows, classes);
    checkLength('step sizes', rates, classes);
    checkFinite('step sizes', rates);
    checkNumber('the decay', decay, 0);
    checkNumber('the normaliser', normaliser, Number.MIN_VALUE);
    checkNumber('the averaging', averaging, 0, 1);
    const { buffer } = this.#kernel.memory;
    new Int8Array(buffer, this.#memory.targets(), targets.length).set(targets);
    if (!this.#memory.has_targets(batch.rows)) refuse('a target is not 1, −1 or 0');
    new Float32Array(buffer, this.#memory.rates(), classes).set(rates);
    this.#memory.step(batch.memory, decay, normaliser, averaging);
    return this.#losses();
  }

  #losses(): Float32Array {
    const losses = new Float32Array(
      this.#kernel.memory.buffer,
      this.#memory.losses(),
      this.shape.classes,
    ).slice();
    const index = losses.findIndex((loss) => !Number.isFinite(loss));
    if (index >= 0) throw new Fault('LEARNING_DIVERGED', { index });
    return losses;
  }

  #checkBatch({ rows, dims }: LinearBatch): void {
    checkCount("the batch's rows", rows, 1, this.shape.capacity);
    checkCount("the batch's dims", dims, this.shape.dims, this.shape.dims);
  }

  /** Gives the memory back. */
  free(): void {
    this.#memory.free();
  }
}
