import { correctionsOf, shownOf } from '../corrections.ts';
import type { CorrectedPage, KeptCorrections } from '../corrections.ts';
import { attributesOf } from '../kept-attributes.ts';
import { noFacets, sampledHits, type Facets, type TagCount } from '../facets.ts';
import { isContradictory, pageOf, searchOf, startOf } from '../search-page.ts';
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
import { SearchQueries } from './search-queries.ts';
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
  owner: string | null,
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
  owner: string | null,
];

/** The texts of a photo's tags, in their order; looked up one by one, where a join would read all tags for each photo. */
const tagTexts = `ARRAY(SELECT (SELECT tags.tag FROM autotag.tags WHERE tags.id = listed.tag)
                       FROM unnest(photos.tags) WITH ORDINALITY AS listed (tag, place) ORDER BY place)`;

/** What is asked of a PostgreSQL server; each statement sees what was committed before it. */
export class TagQueries {
  readonly #pools: ServerPools;
  readonly #searches: SearchQueries;

  constructor(pools: ServerPools) {
    this.#pools = pools;
    this.#searches = new SearchQueries(pools);
  }

  /** See `TagStore.get`. */
  async get(photoId: string): Promise<StoredPhoto | undefined> {
    const [row] = await this.#pools.read<PhotoRow>({
      text: `SELECT epoch, sequence, activation, models.model, models.extractor, file, encode(sha256, 'hex'), width, height,
                    tagged_at, ${tagTexts}, scores, attributes, corrections::text, owner
             FROM autotag.photos JOIN autotag.models ON models.id = photos.model
             WHERE photos.id = $1 AND forgotten_at IS NULL`,
      values: [photoId],
    });
    if (row === undefined) return undefined;
    const [epoch, sequence, activation, model, extractor, file, sha256, width, height, taggedAt, ...more] =
      row;
    const [tags, scores, attributes, corrections, owner] = more;
    return {
      photoId,
      submission: { epoch, sequence },
      activation,
      model,
      extractor,
      file: file ?? undefined,
      owner: owner ?? undefined,
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
    const range = { limit: page.limit + 1, after };
    const search = searchOf(query, range, await this.#searches.known(query));
    if (search === undefined) return { hits: [] };
    return pageOf(
      await this.#searches.page(search, (hits) => this.#rows(hits)),
      page,
      ([score, , photoId, file, model, taggedAt, tags, scores, attributes, corrections, owner]) => ({
        photoId,
        file: file ?? undefined,
        owner: owner ?? undefined,
        score: score / scoreUnits,
        model,
        taggedAt,
        ...shownOf(scoredTags(tags, scores), corrections),
        ...attributesOf(attributes),
      }),
    );
  }

  /** See `TagStore.facets`. */
  async facets(query: SearchQuery, limit: number): Promise<Facets> {
    if (isContradictory(query)) return noFacets;
    const range = { limit: sampledHits + 1, after: undefined };
    const search = searchOf(query, range, await this.#searches.known(query));
    return search === undefined ? noFacets : this.#searches.facets(search, limit);
  }

  /** See `TagStore.complete`. */
  complete(prefix: string, limit: number): Promise<TagCount[]> {
    return this.#searches.complete(prefix, limit);
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

  #rows({ text, values = [] }: Sql): Promise<HitRow[]> {
    return this.#pools.read<HitRow>({
      text: `SELECT hits.score, hits.photo, photos.id, file, models.model, tagged_at, ${tagTexts}, scores, attributes,
                    corrections::text, owner
             FROM (${text}) AS hits
             JOIN autotag.photos ON photos.number = hits.photo JOIN autotag.models ON models.id = photos.model
             ORDER BY hits.score DESC, hits.photo DESC`,
      values,
    });
  }
}

function scoredTags(tags: readonly string[], scores: readonly number[]): ScoredTag[] {
  return tags.map((tag, index) => ({ tag, score: (scores[index] ?? 0) / scoreUnits }));
}
