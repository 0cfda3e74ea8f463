import { chunkPhotos, placeIn, posting, scoreIn, type PostingBlock } from './posting-block.ts';
import { blockKey } from './posting-lists.ts';
import type { Search } from './search.ts';

/** What of a chunk may be a hit. */
export interface MatchLimits {
  /** The smallest score that matters. */
  readonly floor: number;
  /** The photos, as a term that they have; all by default. */
  readonly rows?: PostingBlock;
}

/** Finds the hits of a search in one chunk after the other. */
export class BlockMatcher {
  readonly #search: Search;
  /** Of each place in the chunk, the score there and one more; 0 where there is none. */
  readonly #scores = new Uint16Array(chunkPhotos);

  constructor(search: Search) {
    this.#search = search;
  }

  /**
   * The hits of a chunk as postings, in any order.
   * @param blocks - of the search's terms, by their keys
   */
  match(chunk: number, blocks: ReadonlyMap<number, PostingBlock>, { floor, rows }: MatchLimits): Uint32Array {
    const { wanted, unwanted } = this.#search;
    const blocksOf = (terms: Search['unwanted']) =>
      terms.flatMap(({ id }) => blocks.get(blockKey(id, chunk)) ?? []);
    const groups = [...(rows === undefined ? [] : [[rows]]), ...wanted.map(blocksOf)];
    // The rarest first: the others are only asked for its photos.
    const [rarest = [], ...others] = groups.sort((a, b) => entriesOf(a) - entriesOf(b));
    const least = posting(0, floor);
    let hits = this.#union(rarest, least);
    for (const group of others) hits = this.#intersection(hits, group, least);
    return this.#difference(hits, blocksOf(unwanted));
  }

  /** Photos that have one of the terms, at the best score. */
  #union(group: readonly PostingBlock[], least: number): Uint32Array {
    const [only] = group;
    if (only !== undefined && group.length === 1) return only.slice(0, countAbove(only, least));
    const hits = new Uint32Array(Math.min(entriesOf(group), chunkPhotos));
    let count = 0;
    this.#mark(group, least);
    for (const block of group)
      for (const entry of block) {
        if (entry < least) break;
        const place = placeIn(entry);
        const score = this.#scores[place] ?? 0;
        if (score === 0) continue;
        hits[count++] = posting(place, score - 1);
        this.#scores[place] = 0;
      }
    return hits.subarray(0, count);
  }

  /** Hits that have one of the terms as well, at the smaller score. */
  #intersection(hits: Uint32Array, group: readonly PostingBlock[], least: number): Uint32Array {
    if (hits.length === 0) return hits;
    this.#mark(group, least);
    let count = 0;
    for (const hit of hits) {
      const place = placeIn(hit);
      const score = this.#scores[place] ?? 0;
      if (score > 0) hits[count++] = posting(place, Math.min(scoreIn(hit), score - 1));
    }
    return hits.subarray(0, count);
  }

  #difference(hits: Uint32Array, unwanted: readonly PostingBlock[]): Uint32Array {
    if (hits.length === 0 || unwanted.length === 0) return hits;
    this.#mark(unwanted, 0);
    return hits.filter((hit) => this.#scores[placeIn(hit)] === 0);
  }

  /** Notes the best scores of a group, as far as they matter. */
  #mark(group: readonly PostingBlock[], least: number): void {
    this.#scores.fill(0);
    for (const block of group)
      for (const entry of block) {
        if (entry < least) break;
        const [place, score] = [placeIn(entry), scoreIn(entry) + 1];
        if (score > (this.#scores[place] ?? 0)) this.#scores[place] = score;
      }
  }
}

/** Postings from the best to the last one that is not below `least`. */
function countAbove(block: PostingBlock, least: number): number {
  if ((block.at(-1) ?? 0) >= least) return block.length;
  return block.findIndex((entry) => entry < least);
}

function entriesOf(group: readonly PostingBlock[]): number {
  return group.reduce((sum, { length }) => sum + length, 0);
}
