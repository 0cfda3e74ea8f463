import type { SqlDatabase } from './database.ts';

/** A photo's score for one term. */
interface TermScore {
  readonly term: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

type Posting = [term: number, score: number, photo: number];

/** What one transaction does to the indexes, gathered so that each index is changed by one statement. */
export class PostingChanges {
  /** Photos more (or less, if negative) than before. */
  photos = 0;
  readonly #added: Posting[] = [];
  readonly #removed: Posting[] = [];

  add(photo: number, tags: readonly TermScore[]): void {
    this.#added.push(...postingsOf(photo, tags));
  }

  remove(photo: number, tags: readonly TermScore[]): void {
    this.#removed.push(...postingsOf(photo, tags));
  }

  /** Brings indexes and counts up to date. */
  apply(database: SqlDatabase): void {
    const change = (sql: string, rows: readonly (readonly number[])[]) => {
      if (rows.length > 0) database.prepare(sql).run(JSON.stringify(rows));
    };
    change(
      `DELETE FROM postings WHERE (term, score, photo) IN
         (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
      this.#removed,
    );
    change(
      'DELETE FROM members WHERE (term, photo) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
      this.#lostMembers(),
    );
    change(
      `INSERT INTO postings (term, score, photo)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
      this.#added,
    );
    change(
      `INSERT INTO members (term, score, photo)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
       ON CONFLICT (term, photo) DO UPDATE SET score = excluded.score`,
      this.#added,
    );
    change(
      `UPDATE terms SET photos = photos + change.value ->> 1
       FROM json_each(?) AS change WHERE terms.id = change.value ->> 0`,
      this.#termCounts(),
    );
    if (this.photos !== 0) database.prepare('UPDATE totals SET photos = photos + ?').run(this.photos);
  }

  /** What a photo had and has no more: with another score, it stays a member. */
  #lostMembers(): [term: number, photo: number][] {
    const kept = new Set(this.#added.map(([term, , photo]) => memberKey(term, photo)));
    return this.#removed.flatMap(([term, , photo]) =>
      kept.has(memberKey(term, photo)) ? [] : [[term, photo]],
    );
  }

  #termCounts(): [term: number, change: number][] {
    const counts = new Map<number, number>();
    for (const [term] of this.#added) counts.set(term, (counts.get(term) ?? 0) + 1);
    for (const [term] of this.#removed) counts.set(term, (counts.get(term) ?? 0) - 1);
    return [...counts].filter(([, change]) => change !== 0);
  }
}

function memberKey(term: number, photo: number): string {
  return `${String(term)} ${String(photo)}`;
}

/** One posting a term: of tags that differ in case alone, the best counts, and it comes first. */
function postingsOf(photo: number, tags: readonly TermScore[]): Posting[] {
  const best = new Map<number, number>();
  for (const { term, score } of tags) best.set(term, Math.max(score, best.get(term) ?? 0));
  return [...best].map(([term, score]) => [term, score, photo]);
}
