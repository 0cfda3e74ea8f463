import type { SqlDatabase, Statement } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import { endOf, mostFrequent, sampledHits, type Facets, type TagCount } from './facets.ts';
import { asksForModels, termsIn, type KnownTerms } from './search-page.ts';
import { beginnings, cheaperPlan, rarestFirst, rowsWorthProbing } from './search-plan.ts';
import type { RowIndex, Search } from './search-plan.ts';
import type { SearchQuery } from './search-query.ts';
import { countRowsText, searchText, someHitsText } from './search-text.ts';
import type { BoundText } from './search-text.ts';
import { listedTagBytes, unpackTagList } from './tag-list.ts';

/** A count that grows; `last` is the photo that it counted last. */
interface TermCount {
  readonly tag: string;
  photos: number;
  last: number;
}

/** How searches go through the embedded database. */
export class EmbeddedSearch {
  readonly #database: SqlDatabase;
  readonly #dictionary: Dictionary;
  readonly #terms: Statement<[term: string, id: number, photos: number]>;
  readonly #models: Statement<[id: number]>;
  readonly #place: Statement<[score: number]>;
  readonly #beginningWith: Statement<[tag: string, photos: number]>;

  constructor(database: SqlDatabase, dictionary: Dictionary) {
    this.#database = database;
    this.#dictionary = dictionary;
    this.#terms = database.prepare(
      'SELECT term, id, photos FROM terms WHERE photos > 0 AND term IN (SELECT value FROM json_each(?))',
    );
    this.#models = database.prepare('SELECT id FROM models WHERE substr(model, 1, length(?1)) = ?1');
    this.#place = database.prepare(
      'SELECT score FROM postings WHERE term = ? ORDER BY score DESC, photo DESC LIMIT 1 OFFSET ?',
    );
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

  /**
   * The hits of a page, in their order.
   * @param read - reads rows for hits, which have (score, photo)
   */
  page<Row>(search: Search, read: (hits: BoundText) => Row[]): Row[] {
    const index = this.#indexOf(search);
    if (index !== undefined || search.wanted.length === 0)
      return read(searchText(search, { kind: 'rows', index }));
    for (const share of beginnings(search)) {
      const bound = this.#scoreAt(search, share);
      if (bound <= search.floor) break;
      const rows = read(searchText({ ...search, floor: bound }, { kind: 'probe' }));
      if (rows.length === search.limit) return rows;
    }
    return read(searchText(search, { kind: cheaperPlan(search) }));
  }

  /** See `TagStore.facets`; the search has {@link sampledHits} and one more as its limit. */
  facets(search: Search, limit: number): Facets {
    const index = this.#indexOf(search);
    const isByRows = index !== undefined || search.wanted.length === 0;
    const { sql, values } = someHitsText(search, isByRows ? { kind: 'rows', index } : { kind: 'probe' });
    // One text of all lists: thousands of rows would take the driver longer than the database.
    const [lists] = this.#database
      .prepare<[string | null]>(
        `SELECT group_concat(hex(photos.tags), ' ') FROM (${sql}) AS hits CROSS JOIN photos ON photos.row = hits.photo`,
      )
      .one(...values);
    const photos = lists === null ? [] : lists.split(' ');
    return this.#counted(photos, limit);
  }

  /** See `TagStore.complete`. */
  complete(prefix: string, limit: number): TagCount[] {
    return this.#beginningWith.all(prefix, endOf(prefix), limit).map(([tag, photos]) => ({ tag, photos }));
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
        const id = listed[at]?.id ?? 0;
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

  /** The index of rows that is worth beginning with: it has fewer that satisfy the conditions than others would look at. */
  #indexOf(search: Search): RowIndex | undefined {
    const { owner, models } = search.rows ?? {};
    let fewest = Math.ceil(rowsWorthProbing(search));
    let best: RowIndex | undefined;
    for (const index of ['owner', 'model'] as const) {
      if ((index === 'owner' ? owner : models) === undefined) continue;
      const { sql, values } = countRowsText(search, index, fewest);
      const [count] = this.#database.prepare<[number]>(sql).one(...values);
      if (count >= fewest) continue;
      fewest = count;
      best = index;
      if (count === 0) break;
    }
    return best;
  }

  /** The score down to which a share of the rarest group's lists reaches; below 0 where it is all of them. */
  #scoreAt({ wanted }: Search, share: number): number {
    const [rarest = []] = rarestFirst(wanted);
    return Math.max(
      ...rarest.map(({ id, photos }) => this.#place.get(id, Math.ceil(share * photos))?.[0] ?? -1),
    );
  }
}
