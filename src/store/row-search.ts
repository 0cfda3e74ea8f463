import type { SqlDatabase } from './database.ts';
import { entriesOf, type RowConditions, type RowIndex, type Search } from './search.ts';

/** SQL, and its values in the order of their places. */
interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Searches by what the rows of photos say. */
export class RowSearch {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  /** The rows that satisfy the conditions of a search, if they are so few that it is worth beginning with them. */
  few(search: Search): number[] | undefined {
    const { rows } = search;
    if (rows === undefined) return undefined;
    const index = this.#indexOf(search, rows);
    if (index === undefined) return undefined;
    const { sql, values } = conditionOf(rows);
    return this.#listed(`SELECT row FROM photos INDEXED BY photos_by_${index} WHERE ${sql}`, values);
  }

  /** Those of some photos whose rows satisfy conditions. */
  satisfying(photos: readonly number[], rows: RowConditions): Set<number> {
    const { sql, values } = conditionOf(rows);
    return new Set(
      this.#listed(
        `SELECT row FROM json_each(?) AS asked CROSS JOIN photos ON row = asked.value WHERE ${sql}`,
        [JSON.stringify(photos), ...values],
      ),
    );
  }

  /** Rows that satisfy conditions, from the one before `before` downwards. */
  latest(rows: RowConditions, before: number, limit: number): number[] {
    const { sql, values } = conditionOf(rows);
    return this.#listed(
      `SELECT row FROM photos NOT INDEXED WHERE ${sql} AND row < ? ORDER BY row DESC LIMIT ?`,
      [...values, before, limit],
    );
  }

  /** The index that has the fewest rows that satisfy the conditions, of those that have few. */
  #indexOf(search: Search, { owner, models, from, before }: RowConditions): RowIndex | undefined {
    const parts: Record<RowIndex, RowConditions | undefined> = {
      owner: owner === undefined ? undefined : { ...noConditions, owner },
      model: models === undefined ? undefined : { ...noConditions, models, from, before },
    };
    let fewest = Math.ceil(rowsWorthReading(search));
    let best: RowIndex | undefined;
    for (const index of ['owner', 'model'] as const) {
      const part = parts[index];
      const count = part === undefined ? fewest : this.#count(index, part, fewest);
      if (count >= fewest) continue;
      fewest = count;
      best = index;
    }
    return best;
  }

  /** How many rows satisfy conditions that an index has; counting ends at `limit`. */
  #count(index: RowIndex, rows: RowConditions, limit: number): number {
    const { sql, values } = conditionOf(rows);
    return this.#database
      .prepare<[number]>(
        `SELECT count(*) FROM (SELECT 1 FROM photos INDEXED BY photos_by_${index} WHERE ${sql} LIMIT ?)`,
      )
      .one(...values, limit)[0];
  }

  /** The rows of a statement as one value: each would take the driver longer than the database. */
  #listed(sql: string, values: readonly (string | number)[]): number[] {
    const [rows] = this.#database
      .prepare<[string]>(`SELECT json_group_array(row) FROM (${sql})`)
      .one(...values);
    return JSON.parse(rows) as number[];
  }
}

/** So many rows are read from an index in the time that one is looked up. */
const rowsPerLookup = 8;

/**
 * With how many rows it takes as long to read them all as to look up those of hits, one after the other, until a page is full:
 * of every photos / n hits, one satisfies the conditions.
 */
function rowsWorthReading({ wanted, photos, limit }: Search): number {
  // Without tags, the last rows are read, none is looked up.
  if (wanted.length === 0) return Math.sqrt(limit * photos);
  const hits = Math.min(...wanted.map(entriesOf));
  return Math.min(rowsPerLookup * hits, Math.sqrt(rowsPerLookup * limit * photos));
}

const noConditions: RowConditions = {
  owner: undefined,
  models: undefined,
  from: undefined,
  before: undefined,
};

/** What rows must say: every value is bound, none is written into the text. */
function conditionOf({ owner, models, from, before }: RowConditions): Condition {
  const all: readonly (readonly [sql: string, value: string | number | undefined])[] = [
    ['owner = ?', owner],
    ['model IN (SELECT value FROM json_each(?))', models && JSON.stringify(models)],
    ['tagged_at >= ?', from],
    ['tagged_at < ?', before],
  ];
  const stated = all.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  return {
    sql: stated.length === 0 ? 'true' : stated.map(({ sql }) => sql).join(' AND '),
    values: stated.map(({ value }) => value),
  };
}
