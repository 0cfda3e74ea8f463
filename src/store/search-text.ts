import { rarestFirst } from './search-plan.ts';
import type { Group, RowConditions, RowIndex, Search, Term } from './search-plan.ts';
import { scoreUnits } from './tag-store.ts';

/** An SQL query with its numbered values. */
export interface BoundText {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** How the hits of a search are listed, see `PlanKind`; `rows` by one of the indexes, or by none: from the last row to the first. */
export type Plan =
  { readonly kind: 'merge' | 'probe' } | { readonly kind: 'rows'; readonly index: RowIndex | undefined };

/** A search of the embedded database; its rows are (score, photo), by falling score, then falling photo. */
export function searchText(search: Search, plan: Plan): BoundText {
  return new PlanText(search).page(plan);
}

/** Any hits of a search, up to its limit, each once; rows are (score, photo). Those of tags come from the last photo to the first. */
export function someHitsText(search: Search, plan: Plan): BoundText {
  return new PlanText(search).some(plan);
}

/** How many rows satisfy those conditions that an index has; counting ends at `limit`. */
export function countRowsText(search: Search, index: RowIndex, limit: number): BoundText {
  return new PlanText(search).count(index, limit);
}

class PlanText {
  readonly #search: Search;
  readonly #wanted: readonly Group[];
  readonly #values: (string | number)[] = [];

  constructor(search: Search) {
    this.#search = search;
    this.#wanted = rarestFirst(search.wanted);
  }

  page(plan: Plan): BoundText {
    return this.#limited(this.#hits(plan), this.#order());
  }

  some(plan: Plan): BoundText {
    if (plan.kind !== 'rows') return this.#limited(this.#walk(), 'ORDER BY photo DESC');
    return this.#limited(this.#hits(plan), this.#wanted.length === 0 ? this.#order() : '');
  }

  count(index: RowIndex, limit: number): BoundText {
    const { owner, models, from, before } = this.#search.rows ?? noConditions;
    const of = index === 'owner' ? { ...noConditions, owner } : { owner: undefined, models, from, before };
    const sql = `SELECT count(*) FROM (SELECT 1 FROM ${rowsBy(index)} ${where(this.#rowConditions(of))}
                                       LIMIT ${this.#bind(limit)})`;
    return { sql, values: this.#values };
  }

  #hits(plan: Plan): string {
    if (plan.kind === 'merge') return this.#merge();
    if (plan.kind === 'rows' && this.#wanted.length === 0) return this.#latest(plan.index);
    const cursor = this.#cursor('score', 'photo');
    const hits = this.#probe(plan);
    return cursor.length === 0 ? hits : `SELECT score, photo FROM (${hits}) WHERE ${cursor.join('')}`;
  }

  #merge(): string {
    const arms = this.#wanted.flatMap((group, index) =>
      group.map((term) => {
        // Of equal scores, the photo is met last in the last of the lists.
        const others = this.#wanted.flatMap((other, at) =>
          other === group
            ? []
            : [this.#has(other, 'p.photo', `members.score ${at < index ? '>' : '>='} p.score`)],
        );
        return this.#list('postings', group, term, [...this.#cursor('p.score'), ...others]);
      }),
    );
    return arms.join(' UNION ALL ');
  }

  /** The rarest group's photos, from the last to the first: what is looked up of them lies side by side then. */
  #walk(): string {
    const [rarest = [], ...others] = this.#wanted;
    const conditions = () =>
      others.map((other) => this.#has(other, 'p.photo', this.#atLeastFloor('members.score')));
    return rarest.map((term) => this.#list('members', rarest, term, conditions())).join(' UNION ALL ');
  }

  /** A term's list, as far as no other term of its group says more of the photo. */
  #list(index: 'postings' | 'members', group: Group, term: Term, conditions: readonly string[]): string {
    const rest = group.filter((other) => other !== term);
    const all = [
      `p.term = ${this.#bind(term.id)}`,
      this.#atLeastFloor('p.score'),
      ...conditions,
      ...(rest.length === 0
        ? []
        : [`NOT ${this.#has(rest, 'p.photo', '(members.score, members.term) > (p.score, p.term)')}`]),
      ...this.#filters(),
    ];
    return `SELECT p.score AS score, p.photo AS photo FROM ${index} AS p ${where(all)}`;
  }

  /** Asks for each photo of the rarest group, or of the rows, whether it has the other groups. */
  #probe(plan: Plan): string {
    const groups = plan.kind === 'rows' ? this.#wanted : this.#wanted.slice(1);
    const source = plan.kind === 'rows' ? this.#rows(plan.index) : this.#rarest();
    const joins = groups.map((group, index) => {
      const m = `m${String(index)}`;
      return `CROSS JOIN members AS ${m}
                ON ${this.#isOf(m, group)} AND ${m}.photo = p.photo AND ${this.#atLeastFloor(`${m}.score`)}`;
    });
    const scores = ['p.score', ...groups.map((_, index) => `m${String(index)}.score`)];
    const smallest = scores.length === 1 ? 'p.score' : `min(${scores.join(', ')})`;
    // Named by the last join, they are asked of the few photos that have all groups.
    const last = groups.length === 0 ? 'p.photo' : `m${String(groups.length - 1)}.photo`;
    const filters = plan.kind === 'rows' ? this.#exclusions(last) : this.#filters(last);
    const hits = (score: string) =>
      `SELECT ${score} AS score, p.photo AS photo FROM ${source} AS p ${joins.join(' ')} ${where(filters)}`;
    // Of all choices of one term a group, the best smallest score is the smallest of the groups' best.
    const isSingle = this.#wanted.every((group) => group.length === 1);
    return isSingle ? hits(smallest) : `${hits(`max(${smallest})`)} GROUP BY p.photo`;
  }

  #rarest(): string {
    const [rarest = []] = this.#wanted;
    // Without a limit that saves anything, by photo: then look-ups come in the order of the index.
    return `(SELECT photo, score FROM ${this.#search.floor > 0 ? 'postings' : 'members'} AS l
             WHERE ${this.#isOf('l', rarest)} AND ${this.#atLeastFloor('l.score')} ORDER BY photo LIMIT -1)`;
  }

  #rows(index: RowIndex | undefined): string {
    const conditions = this.#rowConditions(this.#search.rows ?? noConditions);
    return `(SELECT ${String(scoreUnits)} AS score, row AS photo FROM ${rowsBy(index)} ${where(conditions)})`;
  }

  /** Rows from the last to the first, where no tag is wanted: all score the same. */
  #latest(index: RowIndex | undefined): string {
    const score = String(scoreUnits);
    const { rows, after } = this.#search;
    const conditions = [...this.#rowConditions(rows ?? noConditions), this.#atLeastFloor(score)];
    if (after !== undefined)
      conditions.push(`${score} <= ${this.#bind(after.score)}`, `row < ${this.#bind(after.photo)}`);
    const exclusions = this.#exclusions('row');
    return `SELECT ${score} AS score, row AS photo FROM ${rowsBy(index)} ${where([...conditions, ...exclusions])}`;
  }

  #cursor(score: string, photo = 'p.photo'): string[] {
    const { after } = this.#search;
    if (after === undefined) return [];
    return [`(${score}, ${photo}) < (${this.#bind(after.score)}, ${this.#bind(after.photo)})`];
  }

  /** What a photo must satisfy beside the groups. */
  #filters(photo = 'p.photo'): string[] {
    const { rows } = this.#search;
    if (rows === undefined) return this.#exclusions(photo);
    const conditions = [`photos.row = ${photo}`, ...this.#rowConditions(rows)];
    return [...this.#exclusions(photo), `EXISTS (SELECT 1 FROM photos ${where(conditions)})`];
  }

  #exclusions(photo = 'p.photo'): string[] {
    return this.#search.unwanted.map((term) => `NOT ${this.#has([term], photo)}`);
  }

  #rowConditions({ owner, models, from, before }: RowConditions): string[] {
    return [
      ...(owner === undefined ? [] : [`owner = ${this.#bind(owner)}`]),
      ...(models === undefined ? [] : [`model IN (${models.map((id) => this.#bind(id)).join(', ')})`]),
      ...(from === undefined ? [] : [`tagged_at >= ${this.#bind(from)}`]),
      ...(before === undefined ? [] : [`tagged_at < ${this.#bind(before)}`]),
    ];
  }

  #has(group: Group, photo = 'p.photo', ...conditions: readonly string[]): string {
    const all = [this.#isOf('members', group), `members.photo = ${photo}`, ...conditions];
    return `EXISTS (SELECT 1 FROM members ${where(all)})`;
  }

  #isOf(alias: string, group: Group): string {
    return `${alias}.term IN (${group.map(({ id }) => this.#bind(id)).join(', ')})`;
  }

  #atLeastFloor(score: string): string {
    return `${score} >= ${this.#bind(this.#search.floor)}`;
  }

  /** Without tags, scores are all the same, which SQLite would not see. */
  #order(): string {
    return `ORDER BY ${this.#wanted.length === 0 ? '' : 'score DESC, '}photo DESC`;
  }

  #limited(hits: string, order: string): BoundText {
    return { sql: `${hits} ${order} LIMIT ${this.#bind(this.#search.limit)}`, values: this.#values };
  }

  /** SQLite's `?N`: every value is bound, none is written into the text. */
  #bind(value: string | number): string {
    return `?${String(this.#values.push(value))}`;
  }
}

const noConditions: RowConditions = {
  owner: undefined,
  models: undefined,
  from: undefined,
  before: undefined,
};

function rowsBy(index: RowIndex | undefined): string {
  return index === undefined ? 'photos NOT INDEXED' : `photos INDEXED BY photos_by_${index}`;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
