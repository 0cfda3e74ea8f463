import { correctionsOf, shownOf } from './corrections.ts';
import type { CorrectedPage, KeptCorrections } from './corrections.ts';
import type { SqlDatabase, Statement } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { attributesOf } from './kept-attributes.ts';
import { EmbeddedSearch } from './embedded-search.ts';
import { noFacets, sampledHits, type Facets, type TagCount } from './facets.ts';
import { isContradictory, pageOf, searchOf, startOf } from './search-page.ts';
import type { SearchQuery } from './search-query.ts';
import type { Cursor } from './search.ts';
import { unpackTagList } from './tag-list.ts';
import { scoreUnits } from './tag-store.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  RowRange,
  ScoredTag,
  SearchHit,
  SearchPage,
  StoredPhoto,
  TagStoreStats,
} from './tag-store.ts';

/** What the reader's thread answers. */
export interface ReaderCalls {
  readonly get: { readonly args: [photoId: string]; readonly answer: StoredPhoto | undefined };
  readonly corrected: { readonly args: [page: RowRange]; readonly answer: CorrectedPage };
  readonly search: { readonly args: [query: SearchQuery, page: Page]; readonly answer: SearchPage };
  readonly facets: { readonly args: [query: SearchQuery, limit: number]; readonly answer: Facets };
  readonly complete: { readonly args: [prefix: string, limit: number]; readonly answer: TagCount[] };
  readonly outdated: {
    readonly args: [which: Outdated, page: RowRange];
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
  corrections: KeptCorrections,
  owner: string | null,
];

/** JSON arrays of the same length. */
type OutdatedRows = [ids: string, epochs: string, sequences: string];

type HitRow = [
  score: number,
  photo: number,
  id: string,
  file: string | null,
  model: number,
  taggedAt: number,
  tags: Uint8Array,
  attributes: string | null,
  corrections: KeptCorrections,
  owner: string | null,
];

/** A connection that never writes; it sees what was committed before each statement. */
export class TagReader {
  readonly #database: SqlDatabase;
  readonly #dictionary: Dictionary;
  readonly #searches: EmbeddedSearch;
  readonly #photo: Statement<PhotoRow>;
  readonly #outdated: Statement<OutdatedRows>;

  constructor(database: SqlDatabase) {
    this.#database = database;
    database.execute('PRAGMA query_only = ON');
    this.#dictionary = new Dictionary(database);
    this.#searches = new EmbeddedSearch(database, this.#dictionary);
    this.#photo = database.prepare(
      `SELECT epoch, sequence, activation, model, file, lower(hex(sha256)), width, height, tagged_at, tags,
              attributes, corrections, owner
       FROM photos WHERE id = ?`,
    );
    // A page is one row: the driver takes longer for each row than SQLite and JSON together.
    this.#outdated = database.prepare(
      `SELECT json_group_array(id), json_group_array(epoch), json_group_array(sequence) FROM photos
       WHERE row > ? AND row <= ? AND (activation < ? OR tagged_at < ?)`,
    );
  }

  /** See `TagStore.get`. */
  get(photoId: string): StoredPhoto | undefined {
    const row = this.#photo.get(photoId);
    if (row === undefined) return undefined;
    const [epoch, sequence, activation, model, file, sha256, width, height, taggedAt, ...more] = row;
    const [tags, attributes, corrections, owner] = more;
    return {
      photoId,
      submission: { epoch, sequence },
      activation,
      ...this.#dictionary.model(model),
      file: file ?? undefined,
      owner: owner ?? undefined,
      // hex(NULL) is the empty string.
      sha256: sha256 === null || sha256 === '' ? undefined : sha256,
      width: width ?? undefined,
      height: height ?? undefined,
      taggedAt,
      ...shownOf(this.#scoredTags(tags), corrections),
      ...attributesOf(attributes),
    };
  }

  /** See `TagStore.corrected`. */
  corrected({ limit, after }: RowRange): CorrectedPage {
    const rows = this.#database
      .prepare<[row: number, id: string, corrections: string]>(
        `SELECT row, id, corrections FROM photos INDEXED BY corrected_photos
         WHERE corrections IS NOT NULL AND row > ? ORDER BY row LIMIT ?`,
      )
      .all(after, limit);
    const photos = rows.map(([, photoId, kept]) => ({ photoId, corrections: correctionsOf(kept) }));
    return { photos, ...(rows.length < limit ? {} : { next: rows.at(-1)?.[0] }) };
  }

  /** See `TagStore.search`. */
  search(query: SearchQuery, page: Page): SearchPage {
    const after = startOf(page);
    if (isContradictory(query)) return { hits: [] };
    return this.#database.snapshot(() => {
      const search = searchOf(query, { limit: page.limit + 1, after }, this.#searches.known(query));
      if (search === undefined) return { hits: [] };
      return pageOf(this.#hits(this.#searches.page(search)), page, ([, , hit]) => hit);
    });
  }

  /** See `TagStore.facets`. */
  facets(query: SearchQuery, limit: number): Facets {
    if (isContradictory(query)) return noFacets;
    return this.#database.snapshot(() => {
      const range = { limit: sampledHits + 1, after: undefined };
      const search = searchOf(query, range, this.#searches.known(query));
      return search === undefined ? noFacets : this.#searches.facets(search, limit);
    });
  }

  /** See `TagStore.complete`. */
  complete(prefix: string, limit: number): TagCount[] {
    return this.#searches.complete(prefix, limit);
  }

  /** See `TagStore.outdated`. */
  outdated({ activation, taggedBefore }: Outdated, { limit, after }: RowRange): OutdatedPage {
    const [seen, last] = this.#database
      .prepare<[number, number | null]>(
        'SELECT count(*), max(row) FROM (SELECT row FROM photos WHERE row > ? ORDER BY row LIMIT ?)',
      )
      .one(after, limit);
    if (last === null) return { rows: [], seen: 0 };
    const columns = this.#outdated.one(after, last, activation, taggedBefore);
    const [ids, epochs, sequences] = columns.map((json) => JSON.parse(json) as unknown) as [
      string[],
      number[],
      number[],
    ];
    return {
      rows: ids.map((photoId, index) => {
        return { photoId, submission: { epoch: epochs[index] ?? 0, sequence: sequences[index] ?? 0 } };
      }),
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

  #hits(found: readonly Cursor[]): [score: number, photo: number, hit: SearchHit][] {
    // CROSS JOIN keeps the order of the joins: hit after hit, a look-up each.
    const rows = this.#database
      .prepare<HitRow>(
        `SELECT found.value ->> 0, row, photos.id, file, model, tagged_at, tags, attributes, corrections, owner
         FROM json_each(?) AS found CROSS JOIN photos ON row = found.value ->> 1 ORDER BY found.id`,
      )
      .all(JSON.stringify(found.map(({ score, photo }) => [score, photo])));
    return rows.map(
      ([score, photo, photoId, file, model, taggedAt, tags, attributes, corrections, owner]) => [
        score,
        photo,
        {
          photoId,
          file: file ?? undefined,
          owner: owner ?? undefined,
          score: score / scoreUnits,
          model: this.#dictionary.model(model).model,
          taggedAt,
          ...shownOf(this.#scoredTags(tags), corrections),
          ...attributesOf(attributes),
        },
      ],
    );
  }

  #photoCount(): number {
    return this.#database.prepare<[number]>('SELECT photos FROM totals').one()[0];
  }

  #scoredTags(bytes: Uint8Array): ScoredTag[] {
    return unpackTagList(bytes).map(({ tag, score }) => ({
      tag: this.#dictionary.tag(tag).tag,
      score: score / scoreUnits,
    }));
  }
}
