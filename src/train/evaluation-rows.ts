/** How many of a photo's highest tags are kept. */
const bestTags = 5;
/** How many of a photo's right tags with the lowest scores are kept. */
const lowestRightTags = 4;

const right = 1;
const shown = 2;

/** A tag of a photo. */
export interface RowTag {
  /** Index of its class in the whole model. */
  readonly index: number;
  readonly right: boolean;
  /** Whether its score reaches its threshold. */
  readonly shown: boolean;
  /** How much it counts in the corpus. */
  readonly weight: number;
}

/** The tags with the highest keys of each row, so many a row; equal keys by class. Merging blocks of classes gives what one block would. */
export class RowTags {
  readonly slots: number;
  /** `Float32Array [rows × slots]`, falling in each row, −∞ where there is none. */
  readonly keys: Float32Array;
  /** `Float64Array [rows × slots]`, indices, −1 where there is none. */
  readonly classes: Float64Array;
  /** `Float32Array [rows × slots]`. */
  readonly weights: Float32Array;
  /** `Uint8Array [rows × slots]`, 1 right, 2 shown. */
  readonly flags: Uint8Array;

  constructor(rows: number, slots: number) {
    this.slots = slots;
    this.keys = new Float32Array(rows * slots).fill(-Infinity);
    this.classes = new Float64Array(rows * slots).fill(-1);
    this.weights = new Float32Array(rows * slots);
    this.flags = new Uint8Array(rows * slots);
  }

  /**
   * Keeps a tag if it is among the highest of its row.
   * @param value - what it is ranked by: log-odds of its score, or a margin
   */
  offer(row: number, value: number, tag: RowTag): void {
    const key = Math.fround(value);
    const first = row * this.slots;
    const last = first + this.slots - 1;
    if (!this.#precedes(key, tag.index, last)) return;
    let at = last;
    for (; at > first && this.#precedes(key, tag.index, at - 1); at--) this.#copy(at - 1, at);
    this.keys[at] = key;
    this.classes[at] = tag.index;
    this.weights[at] = tag.weight;
    this.flags[at] = (tag.right ? right : 0) + (tag.shown ? shown : 0);
  }

  /** Whether a key is too low for a row, whatever its class. */
  refuses(row: number, value: number): boolean {
    return Math.fround(value) < (this.keys[(row + 1) * this.slots - 1] ?? Infinity);
  }

  /** Tags of a row, by falling key. */
  of(row: number): (RowTag & { readonly key: number })[] {
    const tags: (RowTag & { readonly key: number })[] = [];
    for (let at = row * this.slots; at < (row + 1) * this.slots && (this.classes[at] ?? -1) >= 0; at++) {
      const flags = this.flags[at] ?? 0;
      tags.push({
        index: this.classes[at] ?? 0,
        key: this.keys[at] ?? 0,
        weight: this.weights[at] ?? 0,
        right: (flags & right) > 0,
        shown: (flags & shown) > 0,
      });
    }
    return tags;
  }

  /** Takes in what another has of the same rows. */
  merge(other: RowTags): void {
    const rows = this.keys.length / this.slots;
    for (let row = 0; row < rows; row++) for (const tag of other.of(row)) this.offer(row, tag.key, tag);
  }

  #copy(from: number, to: number): void {
    this.keys[to] = this.keys[from] ?? 0;
    this.classes[to] = this.classes[from] ?? 0;
    this.weights[to] = this.weights[from] ?? 0;
    this.flags[to] = this.flags[from] ?? 0;
  }

  #precedes(key: number, index: number, at: number): boolean {
    const other = this.keys[at] ?? -Infinity;
    const occupant = this.classes[at] ?? -1;
    return key > other || occupant < 0 || (key === other && index < occupant);
  }
}

/** What is kept of each held-out photo: the same few numbers, however many classes. */
export class RowSummaries {
  readonly rows: number;
  /** Its five labelled tags with the highest scores; keys are log-odds. */
  readonly best: RowTags;
  /** Its right tags with the lowest scores; keys are log-odds turned round. */
  readonly lowestRight: RowTags;
  /** The exclusive class with the highest score. */
  readonly exclusiveByScore: RowTags;
  /** The exclusive class with the highest margin. */
  readonly exclusiveByMargin: RowTags;
  /** `Uint8Array [rows]`, 1 where one of the exclusive classes is right. */
  readonly exclusiveJudged: Uint8Array;

  constructor(rows: number) {
    this.rows = rows;
    this.best = new RowTags(rows, bestTags);
    this.lowestRight = new RowTags(rows, lowestRightTags);
    this.exclusiveByScore = new RowTags(rows, 1);
    this.exclusiveByMargin = new RowTags(rows, 1);
    this.exclusiveJudged = new Uint8Array(rows);
  }

  /** Takes in the summaries of the same rows over other classes. */
  merge(other: RowSummaries): void {
    this.best.merge(other.best);
    this.lowestRight.merge(other.lowestRight);
    this.exclusiveByScore.merge(other.exclusiveByScore);
    this.exclusiveByMargin.merge(other.exclusiveByMargin);
    other.exclusiveJudged.forEach((judged, row) => {
      if (judged === 1) this.exclusiveJudged[row] = 1;
    });
  }

  /** Everything it holds, in a fixed order: views, to be stored or to be filled. */
  columns(): (Float32Array | Float64Array | Uint8Array)[] {
    const tags = [this.best, this.lowestRight, this.exclusiveByScore, this.exclusiveByMargin];
    return [
      ...tags.flatMap(({ keys, classes, weights, flags }) => [keys, classes, weights, flags]),
      this.exclusiveJudged,
    ];
  }
}
