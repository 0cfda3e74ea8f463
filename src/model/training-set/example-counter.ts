import { negative, type PhotoLabels, positive } from './label-rows.ts';

/** Counts the examples of each class. */
export class ExampleCounter {
  /** Photos with labels, also if none of them says anything. */
  photos = 0;
  readonly #positives: Float64Array;
  readonly #negatives: Float64Array;
  /** Photos whose labels are complete, and how many of them list each class. */
  #complete = 0;
  readonly #listed: Float64Array;

  constructor(classes: number) {
    this.#positives = new Float64Array(classes);
    this.#negatives = new Float64Array(classes);
    this.#listed = new Float64Array(classes);
  }

  add({ entries, isComplete }: PhotoLabels): void {
    this.photos += 1;
    if (isComplete) this.#complete += 1;
    for (const entry of entries) {
      const at = entry >>> 2;
      const label = entry & 3;
      if (isComplete) this.#listed[at] = (this.#listed[at] ?? 0) + 1;
      if (label === positive) this.#positives[at] = (this.#positives[at] ?? 0) + 1;
      if (label === negative) this.#negatives[at] = (this.#negatives[at] ?? 0) + 1;
    }
  }

  positives(classNumber: number): number {
    return this.#positives[classNumber] ?? 0;
  }

  /** Those that are only implied among them. */
  negatives(classNumber: number): number {
    return (this.#negatives[classNumber] ?? 0) + this.#complete - (this.#listed[classNumber] ?? 0);
  }
}
