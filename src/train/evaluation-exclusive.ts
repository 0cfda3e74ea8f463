/** Classes of which a photo has at most one, as far as the labels say. */
export interface ExclusiveSet {
  /** Their indices, rising. */
  readonly classes: readonly number[];
  /** Share of the photos that have one of them. */
  readonly coverage: number;
}

/** A set that covers fewer photos than this says nothing about them. */
const leastCoverage = 0.9;

/**
 * Looks for classes that exclude each other: the rarest first, each that shares no positive photo with those before. Groups ("animal")
 * are more frequent than what is in them, and so come too late. It remembers the positive rows of each class: one number a tag.
 */
export class ExclusiveClasses {
  readonly #rows: number;
  readonly #positives = new Map<number, number[]>();

  constructor(rows: number) {
    this.#rows = rows;
  }

  /**
   * Adds labels of some rows and classes; every pair once, in any order.
   *
   * @param labels - `Int8Array [rows × classes]`, row-major
   */
  add(labels: Int8Array, classes: number, firstClass = 0, firstRow = 0): void {
    for (let at = labels.indexOf(1); at >= 0; at = labels.indexOf(1, at + 1)) {
      const index = firstClass + (at % classes);
      const row = firstRow + Math.floor(at / classes);
      const known = this.#positives.get(index);
      if (known === undefined) this.#positives.set(index, [row]);
      else known.push(row);
    }
  }

  /** The set, if it has two classes and covers nine photos of ten. */
  find(): ExclusiveSet | undefined {
    const candidates = [...this.#positives].sort(
      ([left, leftRows], [right, rightRows]) => leftRows.length - rightRows.length || left - right,
    );
    const taken = new Uint8Array(this.#rows);
    const classes: number[] = [];
    let covered = 0;
    for (const [index, rows] of candidates) {
      if (rows.some((row) => taken[row] === 1)) continue;
      for (const row of rows) taken[row] = 1;
      covered += rows.length;
      classes.push(index);
    }
    const coverage = this.#rows === 0 ? 0 : covered / this.#rows;
    if (classes.length < 2 || coverage < leastCoverage) return undefined;
    return { classes: classes.sort((left, right) => left - right), coverage };
  }
}
