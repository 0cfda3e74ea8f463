import type { DuckDBDataChunk } from '@duckdb/node-api';
import { negative, type PhotoLabels, positive, unlabelled } from './label-rows.ts';

/*
 * A label on its way through the join is two numbers: the photo, and
 *
 *   class × 16 + isEarlier × 8 + isComplete × 4 + label
 *
 * In ascending order, what the new input says of a class comes before what an earlier run knew.
 */

const labelBits = 3;
const completeBit = 4;
const earlierBit = 8;

/** In place of the photo: there is none with this id, or the id cannot be one. */
export const noPhoto = 0xffffffff;
export const badPhoto = 0xfffffffe;

/** SQL of the number that has a class and what is said of it; `label` and `class_number` are columns. */
export const pairSql = {
  ofFile: (isComplete: boolean) =>
    `CASE truth WHEN 'TRUE' THEN ${String(positive)} ELSE ${String(negative)} END + ${String(isComplete ? completeBit : 0)}`,
  ofFolder: String(positive + completeBit),
  ofEarlier: `CASE WHEN class IS NULL THEN ${String(completeBit)} WHEN label THEN ${String(positive)} WHEN NOT label THEN ${String(negative)} ELSE ${String(unlabelled)} END + ${String(earlierBit)}`,
};

/** What a join learns of labels while it goes through them. */
export interface PairEvents {
  /** A photo, and all its labels; none if all that is said of it contradicts itself. */
  onPhoto(photo: number, labels: PhotoLabels): void;
  onContradiction(photo: number, classNumber: number): void;
}

/**
 * Makes one label of all that is said of a photo and class, in ascending order. The new input wins over what an earlier run knew;
 * if it says both TRUE and FALSE, neither counts.
 */
export class PairResolver {
  /** Labels of the new input whose photo is not there. */
  labelsWithoutPhoto = 0;
  /** Labels of the new input whose photo id cannot be one. */
  labelsOfBadIds = 0;
  /** Labels of the new input, but for the last. */
  given = 0;
  duplicates = 0;
  changed = 0;
  readonly #events: PairEvents;
  /** Stands for no class: says only that a photo's labels are complete. */
  readonly #marker: number;
  #photo = -1;
  #class = -1;
  /** What the new input says of this photo and class, and how often. */
  #said = 0;
  #times = 0;
  #earlier = -1;
  #entries: number[] = [];
  #isComplete = false;

  constructor(marker: number, events: PairEvents) {
    this.#marker = marker;
    this.#events = events;
  }

  /** Takes a chunk of two columns, photo and class × 16 …. */
  add(chunk: DuckDBDataChunk): void {
    const photos = chunk.getColumnVector(0);
    const pairs = chunk.getColumnVector(1);
    for (let row = 0; row < chunk.rowCount; row++)
      this.#add(photos.getItem(row) as number, pairs.getItem(row) as number);
  }

  #add(photo: number, pair: number): void {
    if (photo >= badPhoto) {
      // What an earlier run knew of a photo that was forgotten is forgotten.
      if ((pair & earlierBit) !== 0) return;
      if (photo === noPhoto) this.labelsWithoutPhoto += 1;
      else this.labelsOfBadIds += 1;
      if (photo === noPhoto) this.given += 1;
      return;
    }
    if (photo !== this.#photo) this.#finishPhoto(photo);
    const classNumber = pair >>> 4;
    if (classNumber !== this.#class) this.#finishClass(classNumber);
    if ((pair & completeBit) !== 0) this.#isComplete = true;
    const label = pair & labelBits;
    if ((pair & earlierBit) !== 0) this.#earlier = label;
    else {
      this.#said |= label;
      this.#times += 1;
      this.given += 1;
    }
  }

  /** After the last chunk. */
  end(): void {
    this.#finishPhoto(-1);
  }

  #finishPhoto(next: number): void {
    this.#finishClass(-1);
    if (this.#photo >= 0)
      this.#events.onPhoto(this.#photo, { entries: this.#entries, isComplete: this.#isComplete });
    this.#photo = next;
    this.#entries = [];
    this.#isComplete = false;
  }

  #finishClass(next: number): void {
    if (this.#class >= 0 && this.#class !== this.#marker)
      this.#entries.push(this.#class * 4 + this.#resolve());
    this.#class = next;
    this.#said = 0;
    this.#times = 0;
    this.#earlier = -1;
  }

  #resolve(): number {
    const isContradictory = this.#said === (positive | negative);
    this.duplicates += Math.max(0, this.#times - (isContradictory ? 2 : 1));
    if (isContradictory) {
      this.#events.onContradiction(this.#photo, this.#class);
      return Math.max(this.#earlier, unlabelled);
    }
    if (this.#times === 0) return Math.max(this.#earlier, unlabelled);
    if (this.#earlier >= 0 && this.#earlier !== this.#said) this.changed += 1;
    return this.#said;
  }
}
