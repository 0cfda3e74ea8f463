import type { ScoreCondition } from './search-query.ts';
import { scoreUnits } from './tag-store.ts';

/** A term that photos have. */
export interface Term {
  readonly id: number;
  /** How many photos have it. */
  readonly photos: number;
}

/** Where a page begins: behind this hit. */
export interface Cursor {
  /** Whole number of 1/10,000. */
  readonly score: number;
  /** `photos.row`. */
  readonly photo: number;
}

/** A search in the store's own numbers. */
export interface Search {
  /** Not empty. */
  readonly wanted: readonly Term[];
  readonly unwanted: readonly Term[];
  /** Photos in the store. */
  readonly photos: number;
  /** Smallest score that matches, in 1/10,000. */
  readonly floor: number;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

/** An SQL query with its numbered values; its rows are (score, photo), by falling score, then falling photo. */
export interface SearchPlan {
  readonly kind: 'merge' | 'probe';
  readonly sql: string;
  readonly values: readonly number[];
}

/**
 * Plans a search. A hit's score is the smallest of its wanted terms', which gives two ways to list hits in order:
 *
 * - `merge` walks the postings of all wanted terms side by side, by falling score. A photo is a hit where it is met for
 *   the last time, at its smallest score, so hits come out in order and the walk ends with the page; a page further on
 *   begins where the last one ended. This is the threshold algorithm (Fagin, Lotem, Naor 2003) for the minimum.
 * - `probe` asks for every photo of the rarest term whether it has the others, and sorts.
 *
 * The one that is expected to look at fewer entries is chosen; both list the same hits in the same order.
 */
export function planSearch(search: Search, kind: SearchPlan['kind'] = cheaperPlan(search)): SearchPlan {
  return new PlanText(search).plan(kind);
}

/** The smallest kept score that satisfies a condition, in 1/10,000; above 10,000 if none does. */
export function scoreFloor(condition: ScoreCondition | undefined): number {
  if (condition === undefined) return 0;
  const { comparison, value } = condition;
  const satisfied = (score: number) => (comparison === '>' ? score > value : score >= value);
  // Products like 0.07 × 10,000 are not whole in floating point: begin below, and compare scores as they are shown.
  let floor = Math.max(0, Math.floor(value * scoreUnits) - 1);
  while (!satisfied(floor / scoreUnits)) floor += 1;
  return floor;
}

/** The kind of plan that is expected to look at fewer entries. */
export function cheaperPlan(search: Search): SearchPlan['kind'] {
  if (search.wanted.length === 1) return 'merge';
  const counts = search.wanted.map((term) => term.photos);
  const visited = mergeDepth(search) * counts.reduce((sum, count) => sum + count, 0);
  return visited < Math.min(...counts) ? 'merge' : 'probe';
}

/** The share of each list that `merge` visits until the page is full, if terms were independent and their scores alike. */
export function mergeDepth({ wanted, photos, limit }: Search): number {
  const hits = wanted.reduce((all, term) => (all * term.photos) / photos, photos);
  return Math.min(1, (limit / hits) ** (1 / wanted.length));
}

class PlanText {
  readonly #search: Search;
  readonly #values: number[] = [];

  constructor(search: Search) {
    this.#search = search;
  }

  plan(kind: SearchPlan['kind']): SearchPlan {
    // The rarest first: what fails, fails early.
    const wanted = this.#search.wanted.toSorted((a, b) => a.photos - b.photos);
    const body = kind === 'merge' ? this.#merge(wanted) : this.#probe(wanted);
    const sql = `${body} ORDER BY score DESC, photo DESC LIMIT ${this.#bind(this.#search.limit)}`;
    return { kind, sql, values: this.#values };
  }

  #merge(wanted: readonly Term[]): string {
    const arms = wanted.map((term, index) => {
      // Of equal scores, the photo is met last in the last of the lists.
      const others = wanted
        .map((other, at) => ({ other, comparison: at < index ? '>' : '>=' }))
        .filter(({ other }) => other !== term)
        .map(
          ({ other, comparison }) =>
            `EXISTS (SELECT 1 FROM members WHERE ${this.#isMember(other)} AND members.score ${comparison} p.score)`,
        );
      const conditions = [`p.term = ${this.#bind(term.id)}`, ...this.#bounds('p.score'), ...others];
      return `SELECT p.score AS score, p.photo AS photo FROM postings AS p
              WHERE ${[...conditions, ...this.#exclusions()].join(' AND ')}`;
    });
    return arms.join(' UNION ALL ');
  }

  #probe(wanted: readonly Term[]): string {
    const [rarest, ...others] = wanted.map((term, index) => ({
      term,
      alias: index === 0 ? 'p' : `m${String(index)}`,
    }));
    const scores = wanted.map((_, index) => (index === 0 ? 'p.score' : `m${String(index)}.score`)).join(', ');
    const score = others.length === 0 ? 'p.score' : `min(${scores})`;
    const joins = others.map(
      ({ term, alias }) =>
        `CROSS JOIN members AS ${alias} ON ${alias}.term = ${this.#bind(term.id)} AND ${alias}.photo = p.photo`,
    );
    const conditions = [
      `p.term = ${this.#bind(rarest?.term.id ?? 0)}`,
      ...this.#bounds(score),
      ...this.#exclusions(),
    ];
    return `SELECT ${score} AS score, p.photo AS photo FROM members AS p ${joins.join(' ')}
            WHERE ${conditions.join(' AND ')}`;
  }

  #bounds(score: string): string[] {
    const { floor, after } = this.#search;
    const bounds = floor > 0 ? [`${score} >= ${this.#bind(floor)}`] : [];
    if (after !== undefined)
      bounds.push(`(${score}, p.photo) < (${this.#bind(after.score)}, ${this.#bind(after.photo)})`);
    return bounds;
  }

  #exclusions(): string[] {
    return this.#search.unwanted.map(
      (term) => `NOT EXISTS (SELECT 1 FROM members WHERE ${this.#isMember(term)})`,
    );
  }

  #isMember(term: Term): string {
    return `members.term = ${this.#bind(term.id)} AND members.photo = p.photo`;
  }

  /** SQLite's `?N`: every value is bound, none is written into the text. */
  #bind(value: number): string {
    return `?${String(this.#values.push(value))}`;
  }
}
