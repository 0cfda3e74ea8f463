import type { Attributes } from '../base/attributes.ts';
import type { SqlDatabase, Statement } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { planSearch, scoreFloor } from './search-plan.ts';
import type { Term } from './search-plan.ts';
import { printCursor, startOf } from './search-cursor.ts';
import type { SearchQuery } from './search-query.ts';
import { unpackTagList } from './tag-list.ts';
import { scoreUnits } from './tag-store.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  ScoredTag,
  SearchPage,
  TagResult,
  TagStoreStats,
} from './tag-store.ts';

/** What the reader's thread answers. */
export interface ReaderCalls {
  readonly get: { readonly args: [photoId: string]; readonly answer: TagResult | undefined };
  readonly search: { readonly args: [query: SearchQuery, page: Page]; readonly answer: SearchPage };
  readonly outdated: {
    readonly args: [which: Outdated, page: { readonly limit: number; readonly after: number }];
    readonly answer: OutdatedPage;
  };
  readonly stats: { readonly args: []; readonly answer: TagStoreStats };
  readonly health: { readonly args: []; readonly answer: undefined };
}

type PhotoRow = [
  epoch: number,
  sequence: number,
  activation: number,
  model: number,
  file: string | null,
  sha256: string | null,
  width: number | null,
  height: number | null,
  taggedAt: number,
  tags: Uint8Array,
  attributes: string | null,
];

type OutdatedRow = [id: string, epoch: number, sequence: number];

type HitRow = [
  score: number,
  photo: number,
  id: string,
  file: string | null,
  model: number,
  taggedAt: number,
  tags: Uint8Array,
  attributes: string | null,
];

/** A connection that never writes; it sees what was committed before each statement. */
export class TagReader {
  readonly #database: SqlDatabase;
  readonly #dictionary: Dictionary;
  readonly #photo: Statement<PhotoRow>;
  readonly #outdated: Statement<OutdatedRow>;
  readonly #terms: Statement<[term: string, id: number, photos: number]>;

  constructor(database: SqlDatabase) {
    this.#database = database;
    database.execute('PRAGMA query_only = ON');
    this.#dictionary = new Dictionary(database);
    this.#photo = database.prepare(
      `SELECT epoch, sequence, activation, model, file, lower(hex(sha256)), width, height, tagged_at, tags,
              attributes
       FROM photos WHERE id = ?`,
    );
    this.#outdated = database.prepare(
      `SELECT id, epoch, sequence FROM photos
       WHERE row > ? AND row <= ? AND (activation < ? OR tagged_at < ?) ORDER BY row`,
    );
    this.#terms = database.prepare(
      'SELECT term, id, photos FROM terms WHERE photos > 0 AND term IN (SELECT value FROM json_each(?))',
    );
  }

  /** See `TagStore.get`. */
  get(photoId: string): TagResult | undefined {
    const row = this.#photo.get(photoId);
    if (row === undefined) return undefined;
    const [epoch, sequence, activation, model, file, sha256, width, height, taggedAt, tags, attributes] = row;
    return {
      photoId,
      submission: { epoch, sequence },
      activation,
      ...this.#dictionary.model(model),
      file: file ?? undefined,
      // hex(NULL) is the empty string.
      sha256: sha256 === null || sha256 === '' ? undefined : sha256,
      width: width ?? undefined,
      height: height ?? undefined,
      taggedAt,
      tags: this.#scoredTags(tags),
      ...attributesOf(attributes),
    };
  }

  /** See `TagStore.search`. */
  search(query: SearchQuery, page: Page): SearchPage {
    const after = startOf(page);
    if (query.wanted.some((term) => query.unwanted.includes(term))) return { hits: [] };
    const terms = this.#termsOf([...query.wanted, ...query.unwanted]);
    const wanted = query.wanted.flatMap((term) => terms.get(term) ?? []);
    if (wanted.length < query.wanted.length) return { hits: [] };
    const rows = this.#hits({
      wanted,
      unwanted: query.unwanted.flatMap((term) => terms.get(term) ?? []),
      floor: scoreFloor(query.score),
      after,
      // One more than asked for tells whether there is a next page.
      limit: page.limit + 1,
      photos: this.#photoCount(),
    });
    const shown = rows.slice(0, page.limit);
    const hits = shown.map(([score, , photoId, file, model, taggedAt, tags, attributes]) => ({
      photoId,
      file: file ?? undefined,
      score: score / scoreUnits,
      model: this.#dictionary.model(model).model,
      taggedAt,
      tags: this.#scoredTags(tags),
      ...attributesOf(attributes),
    }));
    const last = shown.at(-1);
    return rows.length > shown.length && last !== undefined
      ? { hits, next: printCursor({ score: last[0], photo: last[1] }) }
      : { hits };
  }

  /** See `TagStore.outdated`. */
  outdated(
    { activation, taggedBefore }: Outdated,
    { limit, after }: { readonly limit: number; readonly after: number },
  ): OutdatedPage {
    const [seen, last] = this.#database
      .prepare<[number, number | null]>(
        'SELECT count(*), max(row) FROM (SELECT row FROM photos WHERE row > ? ORDER BY row LIMIT ?)',
      )
      .one(after, limit);
    if (last === null) return { rows: [], seen: 0 };
    const rows = this.#outdated.all(after, last, activation, taggedBefore);
    return {
      rows: rows.map(([photoId, epoch, sequence]) => ({ photoId, submission: { epoch, sequence } })),
      seen,
      ...(seen < limit ? {} : { next: last }),
    };
  }

  /** See `TagStore.stats`. */
  stats(): TagStoreStats {
    const [tags, postings] = this.#database
      .prepare<[number, number]>('SELECT count(*), ifnull(sum(photos), 0) FROM terms WHERE photos > 0')
      .one();
    const [tombstones] = this.#database.prepare<[number]>('SELECT count(*) FROM tombstones').one();
    const pages = Number(this.#database.pragma('page_count'));
    const bytes = pages * Number(this.#database.pragma('page_size'));
    return { photos: this.#photoCount(), tags, postings, tombstones, bytes };
  }

  /** Fails if the database cannot be read. */
  health(): undefined {
    this.#photoCount();
    return undefined;
  }

  #hits(search: Parameters<typeof planSearch>[0]): HitRow[] {
    const plan = planSearch(search);
    // CROSS JOIN keeps the order of the joins: the page first, then a look-up a hit.
    return this.#database
      .prepare<HitRow>(
        `SELECT hits.score, hits.photo, photos.id, photos.file, photos.model, photos.tagged_at, photos.tags,
                photos.attributes
         FROM (${plan.sql}) AS hits CROSS JOIN photos ON photos.row = hits.photo
         ORDER BY hits.score DESC, hits.photo DESC`,
      )
      .all(...plan.values);
  }

  #termsOf(terms: readonly string[]): Map<string, Term> {
    return new Map(
      this.#terms.all(JSON.stringify(terms)).map(([term, id, photos]) => [term, { id, photos }]),
    );
  }

  #photoCount(): number {
    return this.#database.prepare<[number]>('SELECT photos FROM totals').one()[0];
  }

  #scoredTags(bytes: Uint8Array): ScoredTag[] {
    return unpackTagList(bytes).map(({ id, score }) => ({
      tag: this.#dictionary.tag(id).tag,
      score: score / scoreUnits,
    }));
  }
}

function attributesOf(json: string | null): { readonly attributes?: Attributes } {
  return json === null ? {} : { attributes: JSON.parse(json) as Attributes };
}
