import type { SqlDatabase, Statement } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import { endOf, mostFrequent, sampledHits, type Facets, type TagCount } from './facets.ts';
import { PostingLists } from './posting-lists.ts';
import { PostingSearch } from './posting-search.ts';
import { RowSearch } from './row-search.ts';
import { asksForModels, termsIn, type KnownTerms } from './search-page.ts';
import type { Cursor, RowConditions, Search } from './search.ts';
import type { SearchQuery } from './search-query.ts';
import { listedTagBytes, unpackTagList } from './tag-list.ts';
import { scoreUnits } from './tag-store.ts';

/** A count that grows; `last` is the photo that it counted last. */
interface TermCount {
  readonly tag: string;
  photos: number;
  last: number;
}

/** Hits that are found at once where their rows decide: more each time, since the ones before were not enough. */
const candidates = { first: 1_024, growth: 4, largest: 65_536 } as const;
/** Rows that are asked at once: the first ones may be enough. */
const rowsAtOnce = 256;

/** How searches go through the embedded database. Each is made in one read transaction of its caller's. */
export class EmbeddedSearch {
  readonly #database: SqlDatabase;
  readonly #dictionary: Dictionary;
  readonly #postings: PostingSearch;
  readonly #rows: RowSearch;
  readonly #terms: Statement<[term: string, id: number, photos: number]>;
  readonly #models: Statement<[id: number]>;
  readonly #beginningWith: Statement<[tag: string, photos: number]>;

  constructor(database: SqlDatabase, dictionary: Dictionary) {
    this.#database = database;
    this.#dictionary = dictionary;
    this.#postings = new PostingSearch(new PostingLists(database));
    this.#rows = new RowSearch(database);
    this.#terms = database.prepare(
      'SELECT term, id, photos FROM terms WHERE photos > 0 AND term IN (SELECT value FROM json_each(?))',
    );
    this.#models = database.prepare('SELECT id FROM models WHERE substr(model, 1, length(?1)) = ?1');
    this.#beginningWith = database.prepare(
      `SELECT (SELECT tag FROM tags WHERE tags.term = terms.id ORDER BY id LIMIT 1), photos FROM terms
       WHERE photos > 0 AND term >= ? AND term < ?
       ORDER BY photos DESC, term LIMIT ?`,
    );
  }

  /** What the database knows of the names in a query. */
  known(query: SearchQuery): KnownTerms {
    const terms = this.#terms.all(JSON.stringify(termsIn(query)));
    return {
      known: new Map(terms.map(([term, id, photos]) => [term, { id, photos }])),
      models: asksForModels(query) ? this.#models.all(query.model ?? '').map(([id]) => id) : undefined,
      photos: this.#database.prepare<[number]>('SELECT photos FROM totals').one()[0],
    };
  }

  /** The hits of a page, in their order. */
  page(search: Search): Cursor[] {
    const { rows, limit } = search;
    const few = this.#rows.few(search);
    if (few !== undefined) return this.#postings.among(search, few, limit);
    if (rows === undefined) return this.#postings.best(search, limit);
    const some = search.wanted.length === 0 ? this.#latestRows(search, rows) : this.#bestRows(search, rows);
    return taken(some, limit);
  }

  /** See `TagStore.facets`; the search has `sampledHits` and one more as its limit. */
  facets(search: Search, limit: number): Facets {
    const photos = this.#some(search);
    // One text of all lists: a row costs the driver more than the database.
    const [lists] = this.#database
      .prepare<[string | null]>(
        `SELECT group_concat(hex(photos.tags), ' ') FROM json_each(?) AS hits CROSS JOIN photos ON photos.row = hits.value`,
      )
      .one(JSON.stringify(photos));
    return this.#counted(lists === null ? [] : lists.split(' '), limit);
  }

  /** See `TagStore.complete`. */
  complete(prefix: string, limit: number): TagCount[] {
    return this.#beginningWith.all(prefix, endOf(prefix), limit).map(([tag, photos]) => ({ tag, photos }));
  }

  /** Any hits: the last ones, whose rows lie side by side, or those among few rows. */
  #some(search: Search): number[] {
    const { rows, limit, wanted } = search;
    const few = this.#rows.few(search);
    if (few !== undefined) return this.#postings.among(search, few, limit).map(({ photo }) => photo);
    if (rows !== undefined && wanted.length === 0)
      return taken(this.#latestRows(search, rows), limit).map(({ photo }) => photo);
    return taken(this.#latestHits(search), limit);
  }

  *#latestHits(search: Search): Generator<number[]> {
    for (const photos of this.#postings.latest(search)) {
      const satisfying = search.rows && this.#rows.satisfying(photos, search.rows);
      yield satisfying === undefined ? photos : photos.filter((photo) => satisfying.has(photo));
    }
  }

  /** Hits by their score whose rows satisfy the conditions. */
  *#bestRows(search: Search, rows: RowConditions): Generator<Cursor[]> {
    let after = search.after;
    for (const size of candidateSizes(candidates.first)) {
      const hits = this.#postings.best({ ...search, after }, size);
      for (let at = 0; at < hits.length; at += rowsAtOnce) {
        const part = hits.slice(at, at + rowsAtOnce);
        const satisfying = this.#rows.satisfying(
          part.map(({ photo }) => photo),
          rows,
        );
        yield part.filter(({ photo }) => satisfying.has(photo));
      }
      after = hits.at(-1);
      if (hits.length < size) return;
    }
  }

  /** Without tags that are wanted, all hits score the same: rows that satisfy the conditions, from the last to the first. */
  *#latestRows(search: Search, rows: RowConditions): Generator<Cursor[]> {
    const { floor, after = { score: scoreUnits, photo: Number.MAX_SAFE_INTEGER } } = search;
    if (floor > scoreUnits || after.score < scoreUnits) return;
    let before = after.photo;
    // Most rows are hits: a page takes hardly more rows than it has hits.
    for (const size of candidateSizes(search.limit)) {
      const photos = this.#rows.latest(rows, before, size);
      yield this.#postings.among({ ...search, after: undefined }, photos, photos.length);
      before = photos.at(-1) ?? 0;
      if (photos.length < size) return;
    }
  }

  #counted(lists: readonly string[], limit: number): Facets {
    const counted = lists.slice(0, sampledHits);
    // All at once: a buffer a photo would take longer than all the rest.
    const listed = unpackTagList(Buffer.from(counted.join(''), 'hex'));
    const byTerm = new Map<number, TermCount>();
    const byTag = new Map<number, TermCount>();
    let at = 0;
    for (const [photo, list] of counted.entries()) {
      for (const end = at + list.length / (2 * listedTagBytes); at < end; at += 1) {
        const id = listed[at]?.tag ?? 0;
        const count = byTag.get(id) ?? this.#countOf(id, byTerm);
        byTag.set(id, count);
        // Tags that are one for searches count once a photo.
        if (count.last !== photo) count.photos += 1;
        count.last = photo;
      }
    }
    const tags = [...byTerm.values()].map(({ tag, photos }) => ({ tag, photos }));
    return {
      total: { photos: counted.length, more: lists.length > counted.length },
      tags: mostFrequent(tags, limit),
    };
  }

  #countOf(id: number, byTerm: Map<number, TermCount>): TermCount {
    const { tag, term } = this.#dictionary.tag(id);
    const count = byTerm.get(term) ?? { tag, photos: 0, last: -1 };
    byTerm.set(term, count);
    return count;
  }
}

function* candidateSizes(first: number): Generator<number> {
  for (let size = first; ; size = Math.min(size * candidates.growth, candidates.largest)) yield size;
}

/** So many of the first, and no part that is not needed. */
function taken<T>(parts: Iterable<readonly T[]>, limit: number): T[] {
  const all: T[] = [];
  for (const part of parts) {
    all.push(...part);
    if (all.length >= limit) break;
  }
  return all.slice(0, limit);
}
