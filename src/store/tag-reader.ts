import { correctionsOf, shownOf } from './corrections.ts';
import type { CorrectedPage, KeptCorrections } from './corrections.ts';
import type { SqlDatabase, Statement } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { attributesOf } from './kept-attributes.ts';
import { planSearch } from './search-plan.ts';
import type { Search, Term } from './search-plan.ts';
import { isContradictory, pageOf, searchOf, startOf } from './search-page.ts';
import type { SearchQuery } from './search-query.ts';
import { unpackTagList } from './tag-list.ts';
import { scoreUnits } from './tag-store.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  RowRange,
  ScoredTag,
  SearchPage,
  StoredPhoto,
  TagStoreStats,
} from './tag-store.ts';

/** What the reader's thread answers. */
export interface ReaderCalls {
  readonly get: { readonly args: [photoId: string]; readonly answer: StoredPhoto | undefined };
  readonly corrected: { readonly args: [page: RowRange]; readonly answer: CorrectedPage };
  readonly search: { readonly args: [query: SearchQuery, page: Page]; readonly answer: SearchPage };
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
  corrections: KeptCorrections,
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
              attributes, corrections
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
  get(photoId: string): StoredPhoto | undefined {
    const row = this.#photo.get(photoId);
    if (row === undefined) return undefined;
    const [epoch, sequence, activation, model, file, sha256, width, height, taggedAt, ...more] = row;
    const [tags, attributes, corrections] = more;
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
    const known = this.#termsOf([...query.wanted, ...query.unwanted]);
    const search = searchOf(query, { ...page, after }, { known, photos: this.#photoCount() });
    if (search === undefined) return { hits: [] };
    return pageOf(
      this.#hits(search),
      page,
      ([score, , photoId, file, model, taggedAt, tags, attributes, corrections]) => ({
        photoId,
        file: file ?? undefined,
        score: score / scoreUnits,
        model: this.#dictionary.model(model).model,
        taggedAt,
        ...shownOf(this.#scoredTags(tags), corrections),
        ...attributesOf(attributes),
      }),
    );
  }

  /** See `TagStore.outdated`. */
  outdated({ activation, taggedBefore }: Outdated, { limit, after }: RowRange): OutdatedPage {
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

  #hits(search: Search): HitRow[] {
    const plan = planSearch(search);
    // CROSS JOIN keeps the order of the joins: the page first, then a look-up a hit.
    return this.#database
      .prepare<HitRow>(
        `SELECT hits.score, hits.photo, photos.id, photos.file, photos.model, photos.tagged_at, photos.tags,
                photos.attributes, photos.corrections
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
