import { cheaperPlan, mergeDepth } from '../search-plan.ts';
import type { Search, SearchPlan, Term } from '../search-plan.ts';
import type { Sql } from './server-pools.ts';

/**
 * A search as a statement of PostgreSQL; its rows are (score, photo), by falling score, then falling photo. Both kinds of
 * plan are those of the embedded store. Whether a photo has a term is asked by scalar subqueries, which the planner
 * never turns into joins: so the lists stay in order, and a page ends the walk.
 */
export function searchStatement(search: Search, kind: SearchPlan['kind'] = cheaperPlan(search)): Sql {
  return new StatementText(search).statement(kind);
}

/**
 * How far down the lists of a search must be read to find its first page, most likely: one row, the score where the
 * shortest of these beginnings ends, NULL if all lists are that short.
 */
export function depthStatement(search: Search): Sql {
  return new StatementText(search).depth();
}

/**
 * The first page of a search, looked for among what scores `bound` at least: the same rows as those of `merge`, as long as
 * there are as many as the page may have. Two beginnings of lists are joined in a fraction of the time that it takes to
 * ask for each entry of one whether the other has it.
 */
export function beginningStatement(search: Search, bound: number): Sql {
  return new StatementText({ ...search, floor: Math.max(search.floor, bound) }).beginning();
}

/** Beginnings are read so much further than expected to be enough: hits rise with its power. */
const margin = 1.5;

class StatementText {
  readonly #search: Search;
  readonly #values: (number | readonly number[])[] = [];

  constructor(search: Search) {
    this.#search = search;
  }

  statement(kind: SearchPlan['kind']): Sql {
    // The rarest first: what fails, fails early.
    const wanted = this.#search.wanted.toSorted((a, b) => a.photos - b.photos);
    const body = kind === 'merge' ? this.#merge(wanted) : this.#probe(wanted);
    const text = `${body} ORDER BY score DESC, photo DESC LIMIT ${this.#bind(this.#search.limit)}`;
    return { text, values: this.#values };
  }

  depth(): Sql {
    const share = mergeDepth(this.#search) * margin;
    const ends = this.#search.wanted.map(
      (term) => `(SELECT score FROM autotag.postings WHERE term = ${this.#bind(term.id)}
                  ORDER BY score DESC, photo DESC OFFSET ${this.#bind(Math.ceil(share * term.photos))} LIMIT 1)`,
    );
    return { text: `SELECT max(score) FROM (${ends.join(' UNION ALL ')}) AS ends`, values: this.#values };
  }

  beginning(): Sql {
    const { wanted, floor, limit } = this.#search;
    const lists = wanted.map((term, index) => {
      const list = `(SELECT photo, score FROM autotag.postings
                     WHERE term = ${this.#bind(term.id)} AND score >= ${this.#bind(floor)}) AS l${String(index)}`;
      return index === 0 ? list : `JOIN ${list} USING (photo)`;
    });
    const scores = wanted.map((_, index) => `l${String(index)}.score`).join(', ');
    // OFFSET 0: what is not wanted is asked of the few that have all that is.
    const text = `SELECT score, photo FROM (SELECT least(${scores}) AS score, photo FROM ${lists.join(' ')} OFFSET 0) AS p
                  WHERE ${['true', ...this.#exclusions()].join(' AND ')}
                  ORDER BY score DESC, photo DESC LIMIT ${this.#bind(limit)}`;
    return { text, values: this.#values };
  }

  #merge(wanted: readonly Term[]): string {
    const arms = wanted.map((term, index) => {
      // Of equal scores, the photo is met last in the last of the lists.
      const others = wanted
        .map((other, at) => ({ other, comparison: at < index ? '>' : '>=' }))
        .filter(({ other }) => other !== term)
        .map(({ other, comparison }) => `${this.#scoreOf(other)} ${comparison} p.score`);
      const conditions = [`p.term = ${this.#bind(term.id)}`, ...this.#bounds('p'), ...others];
      return `(SELECT p.score, p.photo FROM autotag.postings AS p
               WHERE ${[...conditions, ...this.#exclusions()].join(' AND ')}
               ORDER BY p.score DESC, p.photo DESC)`;
    });
    return `SELECT score, photo FROM (${arms.join(' UNION ALL ')}) AS p`;
  }

  #probe(wanted: readonly Term[]): string {
    const [rarest, ...others] = wanted;
    const terms = others.map((term) => term.id);
    const score =
      others.length === 0
        ? 'p.score'
        : `(SELECT CASE WHEN count(*) = ${this.#bind(terms.length)} THEN least(p.score, min(m.score)) END
            FROM autotag.postings AS m WHERE m.photo = p.photo AND m.term = ANY (${this.#bind(terms)}::integer[]))`;
    const conditions = [`p.term = ${this.#bind(rarest?.id ?? 0)}`, ...this.#exclusions()];
    // OFFSET 0: the score is computed once, not again for each of its conditions.
    return `SELECT score, photo FROM (
              SELECT ${score} AS score, p.photo FROM autotag.postings AS p WHERE ${conditions.join(' AND ')} OFFSET 0
            ) AS p WHERE ${['score IS NOT NULL', ...this.#bounds('p')].join(' AND ')}`;
  }

  #bounds(of: string): string[] {
    const { floor, after } = this.#search;
    const bounds = floor > 0 ? [`${of}.score >= ${this.#bind(floor)}`] : [];
    if (after !== undefined)
      bounds.push(
        `(${of}.score, ${of}.photo) < (${this.#bind(after.score)}, ${this.#bind(after.photo)}::bigint)`,
      );
    return bounds;
  }

  #exclusions(): string[] {
    return this.#search.unwanted.map((term) => `${this.#scoreOf(term)} IS NULL`);
  }

  #scoreOf(term: Term): string {
    return `(SELECT m.score FROM autotag.postings AS m WHERE m.photo = p.photo AND m.term = ${this.#bind(term.id)})`;
  }

  /** PostgreSQL's `$N`: every value is bound, none is written into the text. */
  #bind(value: number | readonly number[]): string {
    return `$${String(this.#values.push(value))}`;
  }
}
