import { correctionsOf, shownOf } from '../corrections.ts';
import type { CorrectedPage, KeptCorrections } from '../corrections.ts';
import { attributesOf } from '../kept-attributes.ts';
import { isContradictory, pageOf, searchOf, startOf } from '../search-page.ts';
import { cheaperPlan } from '../search-plan.ts';
import type { Search, Term } from '../search-plan.ts';
import type { SearchQuery } from '../search-query.ts';
import { scoreUnits } from '../tag-store.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  RowRange,
  ScoredTag,
  SearchPage,
  StoredPhoto,
  TagStoreStats,
} from '../tag-store.ts';
import { beginningStatement, depthStatement, searchStatement } from './search-statement.ts';
import type { ServerPools, Sql } from './server-pools.ts';

type PhotoRow = [
  epoch: number,
  sequence: number,
  activation: number,
  model: string,
  extractor: string,
  file: string | null,
  sha256: string | null,
  width: number | null,
  height: number | null,
  taggedAt: number,
  tags: string[],
  scores: number[],
  attributes: string | null,
  corrections: KeptCorrections,
];

type OutdatedRow = [
  looked: number,
  seen: number,
  last: number | null,
  outdated: [id: string, epoch: number, sequence: number][] | null,
];

type HitRow = [
  score: number,
  photo: number,
  id: string,
  file: string | null,
  model: string,
  taggedAt: number,
  tags: string[],
  scores: number[],
  attributes: string | null,
  corrections: KeptCorrections,
];

/** The texts of a photo's tags, in their order; looked up one by one, where a join would read all tags for each photo. */
const tagTexts = `ARRAY(SELECT (SELECT tags.tag FROM autotag.tags WHERE tags.id = listed.tag)
                       FROM unnest(photos.tags) WITH ORDINALITY AS listed (tag, place) ORDER BY place)`;

/** What is asked of a PostgreSQL server; each statement sees what was committed before it. */
export class TagQueries {
  readonly #pools: ServerPools;

  constructor(pools: ServerPools) {
    this.#pools = pools;
  }

  /** See `TagStore.get`. */
  async get(photoId: string): Promise<StoredPhoto | undefined> {
    const [row] = await this.#pools.read<PhotoRow>({
      text: `SELECT epoch, sequence, activation, models.model, models.extractor, file, encode(sha256, 'hex'), width, height,
                    tagged_at, ${tagTexts}, scores, attributes, corrections::text
             FROM autotag.photos JOIN autotag.models ON models.id = photos.model
             WHERE photos.id = $1 AND forgotten_at IS NULL`,
      values: [photoId],
    });
    if (row === undefined) return undefined;
    const [epoch, sequence, activation, model, extractor, file, sha256, width, height, taggedAt, ...more] =
      row;
    const [tags, scores, attributes, corrections] = more;
    return {
      photoId,
      submission: { epoch, sequence },
      activation,
      model,
      extractor,
      file: file ?? undefined,
      sha256: sha256 ?? undefined,
      width: width ?? undefined,
      height: height ?? undefined,
      taggedAt,
      ...shownOf(scoredTags(tags, scores), corrections),
      ...attributesOf(attributes),
    };
  }

  /** See `TagStore.corrected`. */
  async corrected({ limit, after }: RowRange): Promise<CorrectedPage> {
    const rows = await this.#pools.read<[number: number, id: string, corrections: string]>({
      text: `SELECT number, id, corrections::text FROM autotag.photos
             WHERE corrections IS NOT NULL AND number > $1 ORDER BY number LIMIT $2`,
      values: [after, limit],
    });
    const photos = rows.map(([, photoId, kept]) => ({ photoId, corrections: correctionsOf(kept) }));
    return { photos, ...(rows.length < limit ? {} : { next: rows.at(-1)?.[0] }) };
  }

  /** See `TagStore.search`. */
  async search(query: SearchQuery, page: Page): Promise<SearchPage> {
    const after = startOf(page);
    if (isContradictory(query)) return { hits: [] };
    const found = await this.#termsOf([...query.wanted, ...query.unwanted].filter(canBeKept));
    const search = searchOf(query, { ...page, after }, found);
    if (search === undefined) return { hits: [] };
    return pageOf(
      await this.#hits(search),
      page,
      ([score, , photoId, file, model, taggedAt, tags, scores, attributes, corrections]) => ({
        photoId,
        file: file ?? undefined,
        score: score / scoreUnits,
        model,
        taggedAt,
        ...shownOf(scoredTags(tags, scores), corrections),
        ...attributesOf(attributes),
      }),
    );
  }

  /** See `TagStore.outdated`. Forgotten photos count for the length of a page, so that many of them take no longer. */
  async outdated({ activation, taggedBefore }: Outdated, { limit, after }: RowRange): Promise<OutdatedPage> {
    const [[looked, seen, last, outdated] = [0, 0, null, null]] = await this.#pools.read<OutdatedRow>({
      text: `SELECT count(*), count(*) FILTER (WHERE forgotten_at IS NULL), max(number),
                    json_agg(json_build_array(id, epoch, sequence) ORDER BY number)
                      FILTER (WHERE forgotten_at IS NULL AND (activation < $3 OR tagged_at < $4))
             FROM (SELECT * FROM autotag.photos WHERE number > $1 ORDER BY number LIMIT $2) AS page`,
      values: [after, limit, activation, taggedBefore],
    });
    const rows = outdated ?? [];
    return {
      rows: rows.map(([photoId, epoch, sequence]) => ({ photoId, submission: { epoch, sequence } })),
      seen,
      ...(looked < limit || last === null ? {} : { next: last }),
    };
  }

  /** See `TagStore.stats`. */
  async stats(): Promise<TagStoreStats> {
    const [row] = await this.#pools.read<number[]>({
      text: `SELECT (SELECT photos FROM autotag.totals), count(*), coalesce(sum(photos), 0)::bigint,
                    (SELECT count(*) FROM autotag.photos WHERE forgotten_at IS NOT NULL),
                    (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
                     WHERE relnamespace = 'autotag'::regnamespace AND relkind = 'r')
             FROM autotag.terms WHERE photos > 0`,
    });
    const [photos = 0, tags = 0, postings = 0, tombstones = 0, bytes = 0] = row ?? [];
    return { photos, tags, postings, tombstones, bytes };
  }

  async #hits(search: Search): Promise<HitRow[]> {
    if (search.wanted.length > 1 && search.after === undefined && cheaperPlan(search) === 'merge') {
      const [[bound] = [null]] = await this.#pools.read<[score: number | null]>(depthStatement(search));
      const rows = await this.#rows(beginningStatement(search, bound ?? 0));
      if (rows.length === search.limit || (bound ?? 0) <= search.floor) return rows;
    }
    return this.#rows(searchStatement(search));
  }

  #rows({ text, values = [] }: Sql): Promise<HitRow[]> {
    return this.#pools.read<HitRow>({
      text: `SELECT hits.score, hits.photo, photos.id, file, models.model, tagged_at, ${tagTexts}, scores, attributes,
                    corrections::text
             FROM (${text}) AS hits
             JOIN autotag.photos ON photos.number = hits.photo JOIN autotag.models ON models.id = photos.model
             ORDER BY hits.score DESC, hits.photo DESC`,
      values,
    });
  }

  /** Terms that photos have, and how many photos there are. */
  async #termsOf(terms: readonly string[]): Promise<{ known: Map<string, Term>; photos: number }> {
    const rows = await this.#pools.read<[term: string, id: number, photos: number, all: number]>({
      text: `SELECT term, id, terms.photos, totals.photos FROM autotag.terms CROSS JOIN autotag.totals
             WHERE terms.photos > 0 AND term = ANY ($1::text[])`,
      values: [terms],
    });
    return {
      known: new Map(rows.map(([term, id, photos]) => [term, { id, photos }])),
      photos: rows[0]?.[3] ?? 0,
    };
  }
}

/** No tag has control characters or halves of surrogate pairs, and the server takes no text with them. */
function canBeKept(term: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(term);
}

function scoredTags(tags: readonly string[], scores: readonly number[]): ScoredTag[] {
  return tags.map((tag, index) => ({ tag, score: (scores[index] ?? 0) / scoreUnits }));
}
