import { endOf, type Facets, type TagCount } from '../facets.ts';
import { asksForModels, termsIn, type KnownTerms } from '../search-page.ts';
import type { Search } from '../search.ts';
import { beginnings, cheaperPlan, rowsWorthProbing, type PlanKind } from './list-plan.ts';
import type { SearchQuery } from '../search-query.ts';
import {
  beginningStatement,
  countRowsStatement,
  depthStatement,
  facetsStatement,
  searchStatement,
} from './search-statement.ts';
import type { ServerPools, Sql } from './server-pools.ts';

/** How searches go through a PostgreSQL database. */
export class SearchQueries {
  readonly #pools: ServerPools;

  constructor(pools: ServerPools) {
    this.#pools = pools;
  }

  /** What the database knows of the names in a query. */
  async known(query: SearchQuery): Promise<KnownTerms> {
    const [terms, models] = await Promise.all([this.#termsOf(query), this.#modelsOf(query)]);
    return { ...terms, models };
  }

  /**
   * The hits of a page, in their order.
   * @param read - reads rows for hits, which have (score, photo)
   */
  async page<Row>(search: Search, read: (hits: Sql) => Promise<Row[]>): Promise<Row[]> {
    if (await this.#isByRows(search)) return read(searchStatement(search, 'rows'));
    for (const share of beginnings(search)) {
      const [[bound] = [null]] = await this.#pools.read<[score: number | null]>(
        depthStatement(search, share),
      );
      if (bound === null || bound <= search.floor) break;
      const rows = await read(beginningStatement(search, bound));
      if (rows.length === search.limit) return rows;
    }
    return read(searchStatement(search, cheaperPlan(search)));
  }

  /** See `TagStore.facets`; the search has `sampledHits` and one more as its limit. */
  async facets(search: Search, limit: number): Promise<Facets> {
    const kind: PlanKind = (await this.#isByRows(search)) ? 'rows' : 'probe';
    const rows = await this.#pools.read<[hits: number, tag: string | null, photos: number | null]>(
      facetsStatement(search, kind, limit),
    );
    const hits = rows[0]?.[0] ?? 0;
    const more = hits === search.limit;
    return {
      total: { photos: more ? hits - 1 : hits, more },
      tags: rows.flatMap(([, tag, photos]) => (tag === null || photos === null ? [] : [{ tag, photos }])),
    };
  }

  /** See `TagStore.complete`. */
  async complete(prefix: string, limit: number): Promise<TagCount[]> {
    if (!canBeKept(prefix)) return [];
    const rows = await this.#pools.read<[tag: string, photos: number]>({
      text: `SELECT (SELECT tag FROM autotag.tags WHERE tags.term = terms.id ORDER BY id LIMIT 1), photos
             FROM autotag.terms WHERE photos > 0 AND term >= $1 AND term < $2 ORDER BY photos DESC, term LIMIT $3`,
      values: [prefix, endOf(prefix), limit],
    });
    return rows.map(([tag, photos]) => ({ tag, photos }));
  }

  /** Whether rows that satisfy the conditions are fewer than what others would look at. Which index has them, the server knows. */
  async #isByRows(search: Search): Promise<boolean> {
    if (search.wanted.length === 0) return true;
    const { owner, models } = search.rows ?? {};
    const most = Math.ceil(rowsWorthProbing(search));
    for (const index of ['owner', 'model'] as const) {
      if ((index === 'owner' ? owner : models) === undefined) continue;
      const [[count] = [most]] = await this.#pools.read<[number]>(countRowsStatement(search, index, most));
      if (count < most) return true;
    }
    return false;
  }

  /** Terms that photos have, and how many photos there are. */
  async #termsOf(query: SearchQuery): Promise<Omit<KnownTerms, 'models'>> {
    const rows = await this.#pools.read<[all: number, term: string | null, id: number, photos: number]>({
      text: `SELECT totals.photos, term, id, terms.photos FROM autotag.totals
             LEFT JOIN autotag.terms ON terms.photos > 0 AND term = ANY ($1::text[])`,
      values: [termsIn(query).filter(canBeKept)],
    });
    return {
      known: new Map(rows.flatMap(([, term, id, photos]) => (term === null ? [] : [[term, { id, photos }]]))),
      photos: rows[0]?.[0] ?? 0,
    };
  }

  async #modelsOf(query: SearchQuery): Promise<number[] | undefined> {
    if (!asksForModels(query)) return undefined;
    const rows = await this.#pools.read<[id: number]>({
      text: 'SELECT id FROM autotag.models WHERE left(model, length($1)) = $1',
      values: [query.model ?? ''],
    });
    return rows.map(([id]) => id);
  }
}

/** No tag has control characters or halves of surrogate pairs, and the server takes no text with them. */
function canBeKept(term: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(term);
}
