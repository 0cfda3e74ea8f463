import { BestHits } from './best-hits.ts';
import { BlockMatcher } from './block-matcher.ts';
import {
  blockOf,
  chunkOf,
  chunkPhotos,
  placeIn,
  placeOf,
  posting,
  scoreIn,
  type PostingBlock,
} from './posting-block.ts';
import { blockKey, type BlockBound, type BlockPart, type PostingLists } from './posting-lists.ts';
import type { Cursor, Group, Search, Term } from './search.ts';
import { scoreUnits } from './tag-store.ts';

/** Chunks whose blocks are read at once: few at first, since a page may be full soon. */
const batchSizes = { first: 8, growth: 2, largest: 64 } as const;

/** Hits of a chunk that score from `least` to `best`, and what has to be read to find them. */
interface Stratum {
  readonly chunk: number;
  readonly best: number;
  readonly least: number;
  readonly part: BlockPart;
}

/**
 * Searches by the postings of tags. A photo's score is the smallest of its groups', so no hit of a chunk scores more than the
 * smallest of the best scores that its blocks have: chunks are looked at by falling bound, until no other can have a better
 * hit than those that were found (block-max indexes, Ding and Suel 2011). What scores more than any posting behind the heads of
 * its blocks is found in the heads alone; so a chunk is looked at again, as a whole, only if that is not enough.
 */
export class PostingSearch {
  readonly #lists: PostingLists;

  constructor(lists: PostingLists) {
    this.#lists = lists;
  }

  /** The best `limit` hits behind `search.after`, whatever rows say. */
  best(search: Search, limit: number): Cursor[] {
    const hits = new BestHits(limit, search.after);
    const matcher = new BlockMatcher(search);
    for (const batch of batches(this.#strata(search))) {
      const [next] = batch;
      if (next === undefined || hits.areBetterThan(next.chunk, next.best)) break;
      const read = (part: BlockPart) =>
        this.#read(
          search,
          batch.filter((stratum) => stratum.part === part),
          part,
        );
      const blocks = { head: read('head'), whole: read('whole') };
      for (const { chunk, best, least, part } of batch) {
        if (best < hits.floor) continue;
        const found = matcher.match(chunk, blocks[part], { floor: Math.max(least, hits.floor) });
        hits.add(chunk, part === 'head' ? found : found.filter((hit) => scoreIn(hit) <= best));
      }
    }
    return hits.list();
  }

  /** All hits, whatever rows say, a chunk at a time, from the last one to the first. */
  *latest(search: Search): Generator<number[]> {
    const matcher = new BlockMatcher(search);
    for (const batch of batches(this.#bounds(search).reverse())) {
      const blocks = this.#read(search, batch, 'whole');
      for (const { chunk } of batch) {
        const hits = matcher.match(chunk, blocks, { floor: search.floor });
        yield Array.from(hits, (hit) => chunk * chunkPhotos + placeIn(hit)).sort((a, b) => b - a);
      }
    }
  }

  /** The best `limit` hits behind `search.after` among some rows. */
  among(search: Search, rows: readonly number[], limit: number): Cursor[] {
    const hits = new BestHits(limit, search.after);
    const matcher = new BlockMatcher(search);
    for (const batch of batches(chunksOf(rows))) {
      const blocks = this.#read(search, batch, 'whole');
      for (const { chunk, rows } of batch)
        hits.add(chunk, matcher.match(chunk, blocks, { floor: search.floor, rows }));
    }
    return hits.list();
  }

  /** What is unwanted is read as a whole, whatever it scores. */
  #read(
    { wanted, unwanted }: Search,
    batch: readonly { readonly chunk: number }[],
    part: BlockPart,
  ): Map<number, PostingBlock> {
    const keysOf = (terms: readonly Term[]) =>
      terms.flatMap(({ id }) => batch.map(({ chunk }) => blockKey(id, chunk)));
    const [own, others] = [keysOf(wanted.flat()), keysOf(unwanted)];
    const blocks = own.length === 0 ? new Map<number, PostingBlock>() : this.#lists.read(own, part);
    if (others.length > 0)
      for (const [key, block] of this.#lists.read(others, 'whole')) blocks.set(key, block);
    return blocks;
  }

  /** By falling bound, then falling chunk. */
  #strata(search: Search): Stratum[] {
    const most = search.after?.score ?? scoreUnits;
    return this.#bounds(search)
      .flatMap(({ chunk, best, rest }): Stratum[] => [
        { chunk, best: Math.min(best, most), least: Math.max(search.floor, rest + 1), part: 'head' },
        { chunk, best: Math.min(best, most, rest), least: search.floor, part: 'whole' },
      ])
      .filter(({ best, least }) => best >= least)
      .sort((a, b) => b.best - a.best || b.chunk - a.chunk);
  }

  /** The chunks that may have a hit, in order, and what it scores at most: at all, and unless it is in all heads. */
  #bounds({ wanted, floor }: Search): BlockBound[] {
    const [first = new Map<number, BlockBound>(), ...others] = wanted
      .map((group) => this.#groupBounds(group))
      .sort((a, b) => a.size - b.size);
    const bounds: BlockBound[] = [];
    for (const [chunk, own] of first) {
      const all = [own, ...others.flatMap((other) => other.get(chunk) ?? [])];
      if (all.length < wanted.length) continue;
      const best = Math.min(...all.map((bound) => bound.best));
      if (best >= floor) bounds.push({ chunk, best, rest: Math.max(...all.map(({ rest }) => rest)) });
    }
    return bounds.sort((a, b) => a.chunk - b.chunk);
  }

  #groupBounds(group: Group): Map<number, BlockBound> {
    const bounds = new Map<number, BlockBound>();
    for (const { id } of group)
      for (const { chunk, best, rest } of this.#lists.bounds(id)) {
        const known = bounds.get(chunk) ?? { best, rest };
        bounds.set(chunk, { chunk, best: Math.max(best, known.best), rest: Math.max(rest, known.rest) });
      }
    return bounds;
  }
}

function* batches<T>(all: readonly T[]): Generator<T[]> {
  let size: number = batchSizes.first;
  for (let at = 0; at < all.length; at += size, size = Math.min(size * batchSizes.growth, batchSizes.largest))
    yield all.slice(at, at + size);
}

/** Rows by their chunks, as a tag that all of them have for sure. */
function chunksOf(rows: readonly number[]): { readonly chunk: number; readonly rows: PostingBlock }[] {
  const chunks = new Map<number, number[]>();
  for (const row of rows) {
    const chunk = chunkOf(row);
    const entries = chunks.get(chunk) ?? [];
    entries.push(posting(placeOf(row), scoreUnits));
    chunks.set(chunk, entries);
  }
  return Array.from(chunks, ([chunk, entries]) => ({ chunk, rows: blockOf(entries) }));
}
