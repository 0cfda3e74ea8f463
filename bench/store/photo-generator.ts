import type { ScoredTag, TagResult } from '../../src/store/tag-store.ts';

/** A made-up corpus: tag `t0` is the most frequent, frequencies fall as 1/rank (Zipf). */
export class PhotoGenerator {
  readonly #cumulative: Float64Array;
  readonly #tagsPerPhoto: number;
  #state: number;

  constructor(options: {
    readonly vocabulary: number;
    readonly tagsPerPhoto: number;
    readonly seed: number;
  }) {
    let sum = 0;
    this.#cumulative = Float64Array.from(
      { length: options.vocabulary },
      (_, rank) => (sum += 1 / (rank + 1)),
    );
    this.#tagsPerPhoto = options.tagsPerPhoto;
    this.#state = options.seed;
  }

  /** The result of photo `index`. */
  photo(index: number): TagResult {
    return {
      // As long as the SHA-256 that photos are named by, and as scattered.
      photoId: `${this.#hex()}${this.#hex()}${this.#hex()}${this.#hex()}-${String(index)}`,
      submission: { epoch: 1_700_000_000_000, sequence: index + 1 },
      activation: 1,
      model: 'b'.repeat(64),
      extractor: 'lite0',
      width: 1024,
      height: 768,
      taggedAt: 1_700_000_000_000 + index,
      tags: this.#tags(),
    };
  }

  /** The tags of one photo by their ranks, by falling score. */
  draw(): { readonly rank: number; readonly score: number }[] {
    const ranks = new Set<number>();
    while (ranks.size < this.#tagsPerPhoto) ranks.add(this.#rank());
    return [...ranks].map((rank) => ({ rank, score: this.random() })).sort((a, b) => b.score - a.score);
  }

  /** A number from 0 to 1, exclusive (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  #tags(): ScoredTag[] {
    return this.draw().map(({ rank, score }) => ({ tag: `t${String(rank)}`, score }));
  }

  #rank(): number {
    const target = this.random() * (this.#cumulative.at(-1) ?? 0);
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #hex(): string {
    return Math.floor(this.random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  }
}
