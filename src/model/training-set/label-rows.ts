/** A label of a label block. */
export const unlabelled = 0;
export const positive = 1;
export const negative = 2;

/** What is known of a photo. */
export interface PhotoLabels {
  /** class × 4 + label ({@link positive}, {@link negative} or {@link unlabelled}), by class, each class once. */
  readonly entries: readonly number[];
  /** Whether classes that are not listed are negative, and not unlabelled. */
  readonly isComplete: boolean;
}

const firstCapacity = 65_536;

/** The labels of a shard while it is put together: for each photo a default, and what differs from it. */
export class LabelRows {
  readonly classes: number;
  /** Where the entries of each row begin, `[count + 1]`. */
  readonly starts: number[] = [0];
  /** The label of what a row does not list, `[count]`. */
  readonly defaults: number[] = [];
  readonly #positives: Uint32Array;
  readonly #negatives: Uint32Array;
  /** Photos whose labels are complete, and how many of them list each class. */
  #complete = 0;
  readonly #listed: Uint32Array;
  #entries = new Uint32Array(firstCapacity);
  #length = 0;

  constructor(classes: number) {
    this.classes = classes;
    this.#positives = new Uint32Array(classes);
    this.#negatives = new Uint32Array(classes);
    this.#listed = new Uint32Array(classes);
  }

  /** Rows so far. */
  get count(): number {
    return this.defaults.length;
  }

  /** Entries of all rows so far, a view. */
  entries(): Uint32Array<ArrayBuffer> {
    return this.#entries.subarray(0, this.#length);
  }

  /** Positive examples of each class, `[classes]`. */
  positives(): Uint32Array<ArrayBuffer> {
    return this.#positives.slice();
  }

  /** Negative examples of each class, `[classes]`, those that are only implied among them. */
  negatives(): Uint32Array<ArrayBuffer> {
    return this.#negatives.map((count, index) => count + this.#complete - (this.#listed[index] ?? 0));
  }

  /** Adds a photo, with the default that leaves less to list. */
  add({ entries, isComplete }: PhotoLabels): void {
    let negatives = 0;
    for (const entry of entries) negatives += this.#count(entry, isComplete);
    if (isComplete) this.#complete += 1;
    const isMostlyNegative = isComplete || 2 * negatives > this.classes;
    this.#list(isMostlyNegative && !isComplete ? this.#withAbsent(entries) : entries, isMostlyNegative);
  }

  #count(entry: number, isComplete: boolean): 0 | 1 {
    const [at, label] = [entry >>> 2, entry & 3];
    if (isComplete) this.#listed[at] = (this.#listed[at] ?? 0) + 1;
    if (label === positive) this.#positives[at] = (this.#positives[at] ?? 0) + 1;
    if (label !== negative) return 0;
    this.#negatives[at] = (this.#negatives[at] ?? 0) + 1;
    return 1;
  }

  #list(entries: readonly number[], isMostlyNegative: boolean): void {
    const mostly = isMostlyNegative ? negative : unlabelled;
    this.#reserve(entries.length);
    for (const entry of entries) if ((entry & 3) !== mostly) this.#entries[this.#length++] = entry;
    this.starts.push(this.#length);
    this.defaults.push(mostly);
  }

  /** Names also what is not listed. */
  #withAbsent(entries: readonly number[]): number[] {
    const all = Array.from({ length: this.classes }, (_, index) => index * 4 + unlabelled);
    for (const entry of entries) all[entry >>> 2] = entry;
    return all;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#entries.length) return;
    const larger = new Uint32Array(Math.max(needed, 2 * this.#entries.length));
    larger.set(this.entries());
    this.#entries = larger;
  }
}
