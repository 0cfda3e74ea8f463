import { negative, type PhotoLabels, positive } from './label-rows.ts';

/** What a choice of held-out photos goes by. */
export interface HoldoutPlan {
  /** Positive examples of each class, `[classes]`. */
  readonly positives: readonly number[];
  /** One photo in so many is held out. */
  readonly every: number;
}

/** A tenth of the photos is held out; of few photos up to a quarter, so that there are this many to calibrate on. */
const enoughHeldOut = 600;

/** How many photos there are to one that is held out. */
export function holdoutRate(photos: number, maxHeldOut: number): number {
  const wanted = Math.max(photos / 10, Math.min(photos / 4, enoughHeldOut));
  return Math.max(1, Math.ceil(photos / Math.max(1, Math.min(wanted, maxHeldOut))));
}

/**
 * Chooses the photos that are held out, of photos that come in random order: one in so many, also of those of each class, as far as
 * its photos have no rarer one. Of every class, the first positive and the first negative photo are learned from.
 */
export class Holdout {
  readonly #plan: HoldoutPlan;
  /** Photos so far by their rarest class; those that have only classes too rare for a share by the last. */
  readonly #photos: Uint32Array;
  /** How many of them should be held out by now and are not. */
  readonly #due: Uint32Array;
  readonly #withoutPositive: Set<number>;
  readonly #withoutNegative: Set<number>;

  constructor(plan: HoldoutPlan) {
    this.#plan = plan;
    const classes = plan.positives.length;
    this.#photos = new Uint32Array(classes + 1);
    this.#due = new Uint32Array(classes + 1);
    this.#withoutPositive = new Set(plan.positives.keys());
    this.#withoutNegative = new Set(plan.positives.keys());
  }

  /**
   * Decides about a photo.
   * @param wasHeldOut - what was decided in an earlier training set
   */
  decide(labels: PhotoLabels, wasHeldOut: boolean | undefined): 'learn' | 'heldOut' {
    const isHeldOut = wasHeldOut === undefined ? this.#isNext(labels) : wasHeldOut && !this.#isNeeded(labels);
    if (!isHeldOut) this.#learn(labels);
    return isHeldOut ? 'heldOut' : 'learn';
  }

  #isNext(labels: PhotoLabels): boolean {
    const { every } = this.#plan;
    const rarest = this.#rarest(labels);
    const before = this.#photos[rarest] ?? 0;
    this.#photos[rarest] = before + 1;
    // From the middle of so many: the first photos are those that are learned from in any case.
    const due = (this.#due[rarest] ?? 0) + (before % every === every >>> 1 ? 1 : 0);
    const isNext = due > 0 && !this.#isNeeded(labels);
    this.#due[rarest] = isNext ? due - 1 : due;
    return isNext;
  }

  #rarest({ entries }: PhotoLabels): number {
    const { positives, every } = this.#plan;
    let rarest = positives.length;
    for (const entry of entries) {
      const count = positives[entry >>> 2] ?? 0;
      if ((entry & 3) === positive && count >= every && count < (positives[rarest] ?? Infinity))
        rarest = entry >>> 2;
    }
    return rarest;
  }

  /** Whether a class has no other example yet. */
  #isNeeded({ entries, isComplete }: PhotoLabels): boolean {
    if (this.#withoutPositive.size > 0 || this.#withoutNegative.size > 0)
      for (const entry of entries) {
        const label = entry & 3;
        if (label === positive && this.#withoutPositive.has(entry >>> 2)) return true;
        if (label === negative && this.#withoutNegative.has(entry >>> 2)) return true;
      }
    return isComplete && this.#impliedNegatives(entries).length > 0;
  }

  #learn({ entries, isComplete }: PhotoLabels): void {
    if (isComplete) for (const at of this.#impliedNegatives(entries)) this.#withoutNegative.delete(at);
    if (this.#withoutPositive.size === 0 && this.#withoutNegative.size === 0) return;
    for (const entry of entries) {
      const label = entry & 3;
      if (label === positive) this.#withoutPositive.delete(entry >>> 2);
      if (label === negative) this.#withoutNegative.delete(entry >>> 2);
    }
  }

  /** Classes without a negative example, of which a photo with complete labels is one without saying so. */
  #impliedNegatives(entries: readonly number[]): number[] {
    if (this.#withoutNegative.size === 0) return [];
    const listed = new Set(entries.map((entry) => entry >>> 2));
    return [...this.#withoutNegative].filter((at) => !listed.has(at));
  }
}
