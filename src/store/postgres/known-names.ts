import { searchTerm } from '../search-query.ts';
import type { TagResult } from '../tag-store.ts';
import type { ServerPools, Sql } from './server-pools.ts';

/**
 * Tags and models that the database has numbers for, as far as this node knows. They are made before the results that
 * name them, in a transaction of their own: many batches need the same ones, and none is ever removed.
 */
export class KnownNames {
  readonly #pools: ServerPools;
  readonly #tags = new Set<string>();
  readonly #models = new Set<string>();

  constructor(pools: ServerPools) {
    this.#pools = pools;
  }

  /** Forgets what it knows: the database is another one than before. */
  clear(): void {
    this.#tags.clear();
    this.#models.clear();
  }

  /**
   * Makes what is missing of the names in these results.
   * @throws Fault `STORE_UNAVAILABLE`
   */
  async prepare(results: readonly TagResult[]): Promise<void> {
    const tags = new Set(
      results.flatMap((result) => result.tags.map(({ tag }) => tag)).filter((tag) => !this.#tags.has(tag)),
    );
    const models = new Map(results.map((result) => [modelKey(result), result]));
    for (const key of this.#models) models.delete(key);
    if (tags.size === 0 && models.size === 0) return;
    await this.#pools.write([...tagStatements([...tags]), modelStatement([...models.values()])]);
    for (const tag of tags) this.#tags.add(tag);
    for (const key of models.keys()) this.#models.add(key);
  }
}

/** Makes the tags and terms that are missing. All in one order, so that two nodes with the same new names wait for each other one way. */
export function tagStatements(tags: readonly string[]): Sql[] {
  const terms = tags.map(searchTerm);
  return [
    {
      text: `INSERT INTO autotag.terms (term)
             SELECT DISTINCT term COLLATE "C" AS term FROM unnest($1::text[]) AS new (term)
             WHERE NOT EXISTS (SELECT FROM autotag.terms AS known WHERE known.term = new.term)
             ORDER BY term ON CONFLICT DO NOTHING`,
      values: [terms],
    },
    {
      text: `INSERT INTO autotag.tags (tag, term)
             SELECT new.tag, terms.id FROM unnest($1::text[], $2::text[]) AS new (tag, term) JOIN autotag.terms USING (term)
             WHERE NOT EXISTS (SELECT FROM autotag.tags AS known WHERE known.tag = new.tag)
             ORDER BY new.tag COLLATE "C" ON CONFLICT DO NOTHING`,
      values: [tags, terms],
    },
  ];
}

function modelStatement(results: readonly TagResult[]): Sql {
  return {
    text: `INSERT INTO autotag.models (model, extractor)
           SELECT new.model, new.extractor FROM unnest($1::text[], $2::text[]) AS new (model, extractor)
           WHERE NOT EXISTS (SELECT FROM autotag.models AS known
                             WHERE known.model = new.model AND known.extractor = new.extractor)
           ORDER BY new.model COLLATE "C", new.extractor COLLATE "C" ON CONFLICT DO NOTHING`,
    values: [results.map(({ model }) => model), results.map(({ extractor }) => extractor)],
  };
}

/** Names have no control characters. */
function modelKey({ model, extractor }: TagResult): string {
  return `${model}\n${extractor}`;
}
