import type { Progress } from '../results/part.ts';
import { PhotoGenerator } from '../store/photo-generator.ts';

const vocabulary = 3_000;
const tagsPerPhoto = 5;
/** An entry is packed into a whole number that a float has exactly: score × this + photo. */
export const photoRange = 2 ** 32;
const years = 3;
const start = Date.UTC(2023, 0, 1);

/** What a row says beside its tags. */
export interface MadeRow {
  readonly model: number;
  readonly owner: string;
  /** ms since the epoch */
  readonly taggedAt: number;
}

/**
 * A made-up corpus in memory, in the order of its photos and by tag: 3,000 tags whose frequencies fall as 1/rank (Zipf), 5 a
 * photo, scores of any size; photos tagged one after the other over three years, by three models; owners of whom few have
 * many photos. Photos count from 1, tags by their rank from 0.
 */
export class MadeCorpus {
  readonly photos: number;
  readonly vocabulary = vocabulary;
  readonly owners: number;
  readonly #ranks: Uint16Array;
  readonly #scores: Uint16Array;
  /** By tag, then photo. */
  readonly #entries: Float64Array;
  /** Where each tag's entries begin, and the last one's end. */
  readonly #starts: Float64Array;

  constructor(photos: number, progress: Progress) {
    this.photos = photos;
    this.owners = Math.ceil(photos / 100);
    this.#ranks = new Uint16Array(photos * tagsPerPhoto);
    this.#scores = new Uint16Array(photos * tagsPerPhoto);
    this.#entries = new Float64Array(photos * tagsPerPhoto);
    this.#starts = new Float64Array(vocabulary + 1);
    this.#draw(progress);
    this.#sort();
  }

  /** How many photos have a tag. */
  count(rank: number): number {
    return (this.#starts[rank + 1] ?? 0) - (this.#starts[rank] ?? 0);
  }

  /** A tag's photos by rising number, packed, see {@link photoRange}. */
  list(rank: number): Float64Array {
    return this.#entries.subarray(this.#starts[rank], this.#starts[rank + 1]);
  }

  /** A photo's tags by falling score. */
  tags(photo: number): { readonly rank: number; readonly score: number }[] {
    const first = (photo - 1) * tagsPerPhoto;
    return Array.from({ length: tagsPerPhoto }, (_, index) => ({
      rank: this.#ranks[first + index] ?? 0,
      score: this.#scores[first + index] ?? 0,
    }));
  }

  /** A photo's row. */
  row(photo: number): MadeRow {
    const share = (photo - 1) / this.photos;
    // Scattered evenly, whatever the number of photos.
    const place = (photo * 0.618_033_988_749_895) % 1;
    return {
      model: 1 + Math.floor(share * years),
      owner: ownerName(this.owners * place ** 3),
      taggedAt: Math.floor(start + share * years * 365 * 24 * 3600 * 1000),
    };
  }

  #draw(progress: Progress): void {
    const generator = new PhotoGenerator({ vocabulary, tagsPerPhoto, seed: 1 });
    const step = Math.ceil(this.photos / 5);
    for (let photo = 0, at = 0; photo < this.photos; photo += 1) {
      if (photo % step === 0) progress(`${String(photo)} of ${String(this.photos)} photos made`);
      for (const { rank, score } of generator.draw()) {
        this.#ranks[at] = rank;
        this.#scores[at] = Math.round(score * 10_000);
        at += 1;
        this.#starts[rank + 1] = (this.#starts[rank + 1] ?? 0) + 1;
      }
    }
  }

  // A counting sort: photos of a tag stay in their order.
  #sort(): void {
    for (let rank = 0; rank < vocabulary; rank += 1)
      this.#starts[rank + 1] = (this.#starts[rank + 1] ?? 0) + (this.#starts[rank] ?? 0);
    const next = this.#starts.slice();
    for (const [at, rank] of this.#ranks.entries()) {
      const place = next[rank] ?? 0;
      this.#entries[place] = (this.#scores[at] ?? 0) * photoRange + Math.floor(at / tagsPerPhoto) + 1;
      next[rank] = place + 1;
    }
  }
}

/** Name of a tag. */
export function tagName(rank: number): string {
  return `t${String(rank)}`;
}

/** Name of the owner at a place among all of them; those with many photos come first. */
export function ownerName(place: number): string {
  return `owner ${String(Math.floor(place))}`;
}
