import { negative, type PhotoLabels, positive } from './label-rows.ts';

/** What a choice of held-out photos goes by. */
export interface HoldoutPlan {
  /** Positive examples of each class, `[classes]`. */
  readonly positives: readonly number[];
  /** One photo in so many is held out. */
  readonly every: number;
}

/** One photo in so many is held out. */
const defaultEvery = 10;

/** How many photos there are to one that is held out. */
export function holdoutRate(photos: number, maxHeldOut: number): number {
  return Math.max(defaultEvery, Math.ceil(photos / Math.max(1, maxHeldOut)));
}

/**
 * Chooses the photos that are held out, of photos that come in random order: the same share of each class, as far as photos have one
 * class that is rarer than their others. Of every class, the first positive and the first negative photo are learned from.
 */
export class Holdout {
  readonly #plan: HoldoutPlan;
  /** Photos so far by their rarest class; those without a positive label by the last. */
  readonly #photos: Uint32Array;
  readonly #withoutPositive: Set<number>;
  readonly #withoutNegative: Set<number>;

  constructor(plan: HoldoutPlan) {
    this.#plan = plan;
    const classes = plan.positives.length;
    this.#photos = new Uint32Array(classes + 1);
    this.#withoutPositive = new Set(plan.positives.keys());
    this.#withoutNegative = new Set(plan.positives.keys());
  }

  /**
   * Decides about a photo.
   * @param wasHeldOut - what was decided in an earlier training set
   */
  decide(labels: PhotoLabels, wasHeldOut: boolean | undefined): 'learn' | 'heldOut' {
    const isHeldOut = (wasHeldOut ?? this.#isNext(labels)) && !this.#isNeeded(labels);
    if (!isHeldOut) this.#learn(labels);
    return isHeldOut ? 'heldOut' : 'learn';
  }

  #isNext({ entries }: PhotoLabels): boolean {
    const { positives, every } = this.#plan;
    let rarest = positives.length;
    for (const entry of entries)
      if ((entry & 3) === positive && (positives[entry >>> 2] ?? 0) < (positives[rarest] ?? Infinity))
        rarest = entry >>> 2;
    const before = this.#photos[rarest] ?? 0;
    this.#photos[rarest] = before + 1;
    // From the middle: of a class with half as many photos, one is held out all the same.
    return before % every === every >>> 1;
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
