import { chunkPhotos, placeIn, scoreIn } from './posting-block.ts';
import type { Cursor } from './search.ts';

/** A photo and its score as one number, which compares as hits are ordered: score × this + photo. */
const photoUnit = 2 ** 37;
/** Candidates are sorted out when there are so many, at least. */
const fewestCandidates = 64;

/** The best of the hits that are added, in one pass: whenever there are twice as many as wanted, the worse half goes. */
export class BestHits {
  readonly #limit: number;
  readonly #ranks: Float64Array;
  #count = 0;
  /** Only hits between these matter. */
  #above = -1;
  readonly #below: number;

  /**
   * @param limit - hits that are wanted
   * @param after - only hits behind this one count
   */
  constructor(limit: number, after: Cursor | undefined) {
    this.#limit = limit;
    this.#ranks = new Float64Array(Math.max(fewestCandidates, 2 * limit));
    this.#below = after === undefined ? Infinity : rankOf(after.score, Math.min(after.photo, photoUnit - 1));
  }

  /** Adds hits of a chunk, as postings. */
  add(chunk: number, hits: Uint32Array): void {
    const first = chunk * chunkPhotos;
    for (const hit of hits) {
      const rank = rankOf(scoreIn(hit), first + placeIn(hit));
      if (rank <= this.#above || rank >= this.#below) continue;
      this.#ranks[this.#count++] = rank;
      if (this.#count === this.#ranks.length) this.#cut();
    }
  }

  /** No hit that scores less matters any more. */
  get floor(): number {
    return Math.max(0, Math.floor(this.#above / photoUnit));
  }

  /** Whether there are as many hits as wanted, all better than whatever a chunk may have that scores `best` at most. */
  areBetterThan(chunk: number, best: number): boolean {
    if (this.#count < this.#limit) return false;
    this.#cut();
    return this.#above >= rankOf(best, (chunk + 1) * chunkPhotos);
  }

  /** In their order. */
  list(): Cursor[] {
    this.#cut();
    return Array.from(this.#ranks.subarray(0, this.#count), (rank) => {
      return { score: Math.floor(rank / photoUnit), photo: rank % photoUnit };
    }).reverse();
  }

  #cut(): void {
    const ranks = this.#ranks.subarray(0, this.#count).sort();
    if (this.#count < this.#limit) return;
    ranks.copyWithin(0, this.#count - this.#limit);
    this.#count = this.#limit;
    this.#above = ranks[0] ?? -1;
  }
}

function rankOf(score: number, photo: number): number {
  return score * photoUnit + photo;
}
