import type { Group, RowConditions, RowIndex, Search, Term } from '../search.ts';
import { scoreUnits } from '../tag-store.ts';
import { rarestFirst, type PlanKind } from './list-plan.ts';
import type { Sql, SqlValue } from './server-pools.ts';

/**
 * A search as a statement of PostgreSQL; its rows are (score, photo), by falling score, then falling photo. Whether a photo
 * has a term is asked by scalar subqueries, which the planner never turns into joins: so the lists stay in order, and a page
 * ends the walk.
 */
export function searchStatement(search: Search, kind: PlanKind): Sql {
  return new StatementText(search).page(kind);
}

/**
 * The score where the shortest of the beginnings of all lists ends that are such a share of them: one row, NULL if all
 * lists are that short.
 */
export function depthStatement(search: Search, share: number): Sql {
  return new StatementText(search).depth(share);
}

/**
 * The first page of a search, looked for among what scores `bound` at least: the same rows as those of `merge`, as long as
 * there are as many as the page may have. Two beginnings of lists are joined in a fraction of the time that it takes to
 * ask for each entry of one whether the other has it.
 */
export function beginningStatement(search: Search, bound: number): Sql {
  return new StatementText({ ...search, floor: Math.max(search.floor, bound) }).beginning();
}

/**
 * The facets of a search: rows are (hits, tag, photos), the most frequent tags first. As many hits are found as the search
 * has for a limit, and all but one of these are counted by their tags.
 */
export function facetsStatement(search: Search, kind: PlanKind, tags: number): Sql {
  return new StatementText(search).facets(kind, tags);
}

/** How many rows satisfy those conditions that an index has; counting ends at `limit`. */
export function countRowsStatement(search: Search, index: RowIndex, limit: number): Sql {
  return new StatementText(search).count(index, limit);
}

class StatementText {
  readonly #search: Search;
  readonly #wanted: readonly Group[];
  readonly #values: SqlValue[] = [];

  constructor(search: Search) {
    this.#search = search;
    this.#wanted = rarestFirst(search.wanted);
  }

  page(kind: PlanKind): Sql {
    return this.#sql(this.#limited(this.#hits(kind)));
  }

  depth(share: number): Sql {
    const ends = this.#wanted.flat().map(
      (term) => `(SELECT score FROM autotag.postings WHERE term = ${this.#bind(term.id)}
                  ORDER BY score DESC, photo DESC OFFSET ${this.#bind(Math.ceil(share * term.photos))} LIMIT 1)`,
    );
    return this.#sql(`SELECT max(score) FROM (${ends.join(' UNION ALL ')}) AS ends`);
  }

  beginning(): Sql {
    return this.#sql(this.#limited(this.#joined()));
  }

  facets(kind: PlanKind, tags: number): Sql {
    const { limit } = this.#search;
    const hits = `${this.#someHits(kind)} LIMIT ${this.#bind(limit)}`;
    return this.#sql(`
      WITH hits AS MATERIALIZED (${hits}),
        counted AS MATERIALIZED (SELECT photo FROM hits LIMIT ${this.#bind(limit - 1)}),
        counts AS MATERIALIZED (
          SELECT term, count(*) AS photos FROM counted JOIN autotag.postings USING (photo) GROUP BY term)
      SELECT found.photos, named.tag, named.photos FROM (SELECT count(*) AS photos FROM hits) AS found
      LEFT JOIN (SELECT photos, (SELECT tag FROM autotag.tags WHERE tags.term = counts.term ORDER BY id LIMIT 1) COLLATE "C" AS tag
                 FROM counts) AS named ON true
      ORDER BY named.photos DESC, named.tag LIMIT ${this.#bind(tags)}`);
  }

  count(index: RowIndex, limit: number): Sql {
    const { owner, ...tagged } = this.#search.rows ?? noConditions;
    const of = index === 'owner' ? { ...noConditions, owner } : { ...tagged, owner: undefined };
    return this.#sql(`SELECT count(*) FROM (SELECT FROM autotag.photos AS r ${where(this.#rowConditions(of))}
                                            LIMIT ${this.#bind(limit)}) AS counted`);
  }

  /** Hits in any order: as many as are asked for are found as soon as can be. */
  #someHits(kind: PlanKind): string {
    if (kind === 'rows') return this.#hits(kind);
    return this.#wanted.length > 1 ? this.#joined() : this.#walk();
  }

  #hits(kind: PlanKind): string {
    if (kind === 'rows' && this.#wanted.length === 0) return this.#latest();
    return kind === 'merge' ? this.#merge() : this.#probe(kind);
  }

  #merge(): string {
    const arms = this.#wanted.flatMap((group, index) =>
      group.map((term) => {
        // Of equal scores, the photo is met last in the last of the lists.
        const others = this.#wanted.flatMap((other, at) =>
          other === group ? [] : [`${this.#scoreOf(other)} ${at < index ? '>' : '>='} p.score`],
        );
        return this.#list(group, term, [...this.#cursor(), ...others]);
      }),
    );
    return `SELECT score, photo FROM (${arms.join(' UNION ALL ')}) AS p`;
  }

  /** The photos of the only group. */
  #walk(): string {
    const [group = []] = this.#wanted;
    const arms = group.map((term) => this.#list(group, term, []));
    return `SELECT score, photo FROM (${arms.join(' UNION ALL ')}) AS p`;
  }

  /** Photos that are in the lists of all groups, in any order. */
  #joined(): string {
    const lists = this.#wanted.map((group, index) => {
      const list = `(${this.#listOf(group)}) AS l${String(index)}`;
      return index === 0 ? list : `JOIN ${list} USING (photo)`;
    });
    const scores = this.#wanted.map((_, index) => `l${String(index)}.score`).join(', ');
    // OFFSET 0: all else is asked of the few that have all that is wanted.
    return `SELECT score, photo FROM (SELECT least(${scores}) AS score, photo FROM ${lists.join(' ')} OFFSET 0) AS p
            ${where(this.#filters())}`;
  }

  /** A term's list, as far as no other term of its group says more of the photo. */
  #list(group: Group, term: Term, conditions: readonly string[]): string {
    const rest = group.filter((other) => other !== term);
    const all = [`p.term = ${this.#bind(term.id)}`, this.#atLeastFloor('p.score'), ...conditions];
    if (rest.length > 0)
      all.push(`(SELECT true FROM autotag.postings AS m WHERE m.photo = p.photo AND ${this.#isOf('m', rest)}
                 AND (m.score, m.term) > (p.score, p.term) LIMIT 1) IS NULL`);
    return `(SELECT p.score, p.photo FROM autotag.postings AS p ${where([...all, ...this.#filters()])}
             ORDER BY p.score DESC, p.photo DESC)`;
  }

  /** Asks for each photo of the rarest group, or of the rows, whether it has the other groups. */
  #probe(kind: PlanKind): string {
    const [rarest = [], ...rest] = this.#wanted;
    const isByRows = kind === 'rows';
    const groups = isByRows ? this.#wanted : rest;
    const source = isByRows ? this.#rows() : this.#listOf(rarest);
    const names = groups.map((_, index) => `s${String(index)}`);
    const columns = groups.map((group, index) => `${this.#scoreOf(group)} AS s${String(index)}`);
    const filters = isByRows ? this.#exclusions() : this.#filters();
    // OFFSET 0: scores are looked up once, not again for each of their conditions.
    const scored = `SELECT ${['p.score', 'p.photo', ...columns].join(', ')} FROM (${source}) AS p ${where(filters)} OFFSET 0`;
    const hits = `SELECT least(${['score', ...names].join(', ')}) AS score, photo FROM (${scored}) AS p
                  ${where(names.map((name) => this.#atLeastFloor(name)))}`;
    return `SELECT score, photo FROM (${hits}) AS p ${where(this.#cursor())}`;
  }

  #rows(): string {
    const conditions = this.#rowConditions(this.#search.rows ?? noConditions);
    return `SELECT ${String(scoreUnits)} AS score, r.number AS photo FROM autotag.photos AS r ${where(conditions)} OFFSET 0`;
  }

  /** Rows from the last to the first, where no tag is wanted: all score the same. */
  #latest(): string {
    const score = String(scoreUnits);
    const { rows, after } = this.#search;
    const conditions = [...this.#rowConditions(rows ?? noConditions), this.#atLeastFloor(score)];
    if (after !== undefined)
      conditions.push(
        `${score} <= ${this.#bind(after.score)}`,
        `r.number < ${this.#bind(after.photo)}::bigint`,
      );
    const exclusions = this.#search.unwanted.map((term) => `${this.#scoreOf([term], 'r.number')} IS NULL`);
    return `SELECT ${score} AS score, r.number AS photo FROM autotag.photos AS r ${where([...conditions, ...exclusions])}`;
  }

  /** Photos of a group with the best of their scores, in any order. */
  #listOf(group: Group): string {
    const list = `FROM autotag.postings AS l WHERE ${this.#isOf('l', group)} AND ${this.#atLeastFloor('l.score')}`;
    return group.length === 1
      ? `SELECT l.score, l.photo ${list}`
      : `SELECT max(l.score) AS score, l.photo ${list} GROUP BY l.photo`;
  }

  #cursor(): string[] {
    const { after } = this.#search;
    if (after === undefined) return [];
    return [`(p.score, p.photo) < (${this.#bind(after.score)}, ${this.#bind(after.photo)}::bigint)`];
  }

  /** What a photo must satisfy beside the groups. */
  #filters(): string[] {
    const { rows } = this.#search;
    if (rows === undefined) return this.#exclusions();
    const conditions = ['r.number = p.photo', ...this.#rowConditions(rows)];
    return [...this.#exclusions(), `(SELECT true FROM autotag.photos AS r ${where(conditions)})`];
  }

  #exclusions(): string[] {
    return this.#search.unwanted.map((term) => `${this.#scoreOf([term])} IS NULL`);
  }

  #rowConditions({ owner, models, from, before }: RowConditions): string[] {
    return [
      ...(owner === undefined ? [] : [`r.owner = ${this.#bind(owner)}`]),
      ...(models === undefined ? [] : [`r.model = ANY (${this.#bind(models)}::integer[])`]),
      ...(from === undefined ? [] : [`r.tagged_at >= ${this.#bind(from)}::bigint`]),
      ...(before === undefined ? [] : [`r.tagged_at < ${this.#bind(before)}::bigint`]),
    ];
  }

  #scoreOf(group: Group, photo = 'p.photo'): string {
    const score = group.length === 1 ? 'm.score' : 'max(m.score)';
    return `(SELECT ${score} FROM autotag.postings AS m WHERE m.photo = ${photo} AND ${this.#isOf('m', group)})`;
  }

  #isOf(alias: string, group: Group): string {
    const [only, ...more] = group.map(({ id }) => id);
    if (only !== undefined && more.length === 0) return `${alias}.term = ${this.#bind(only)}`;
    return `${alias}.term = ANY (${this.#bind(group.map(({ id }) => id))}::integer[])`;
  }

  #atLeastFloor(score: string): string {
    return `${score} >= ${this.#bind(this.#search.floor)}`;
  }

  #limited(hits: string): string {
    return `${hits} ORDER BY score DESC, photo DESC LIMIT ${this.#bind(this.#search.limit)}`;
  }

  #sql(text: string): Sql {
    return { text, values: this.#values };
  }

  /** PostgreSQL's `$N`: every value is bound, none is written into the text. */
  #bind(value: SqlValue): string {
    return `$${String(this.#values.push(value))}`;
  }
}

const noConditions: RowConditions = {
  owner: undefined,
  models: undefined,
  from: undefined,
  before: undefined,
};

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
