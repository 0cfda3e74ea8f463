import type { SqlDatabase } from './database.ts';

/** A photo's score for one term. */
interface TermScore {
  readonly term: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

/** A term and its score in one number, which the database reads in half the time of two: term × this + score. */
const termUnit = 16_384;

/** Entries by photo, packed, see {@link termUnit}. */
type Entries = ReadonlyMap<number, readonly number[]>;

/** Of `?`, the JSON of {@link Entries}: (term, score, photo). */
const entries = `SELECT entry.value / ${String(termUnit)}, entry.value % ${String(termUnit)}, CAST(photo.key AS INTEGER)
                 FROM json_each(?) AS photo, json_each(photo.value) AS entry`;

/** What one transaction does to the indexes, each photo once, gathered so that each index is changed by one statement. */
export class PostingChanges {
  /** Photos more (or less, if negative) than before. */
  photos = 0;
  readonly #added = new Map<number, number[]>();
  readonly #removed = new Map<number, number[]>();

  add(photo: number, tags: readonly TermScore[]): void {
    this.#added.set(photo, packed(tags));
  }

  remove(photo: number, tags: readonly TermScore[]): void {
    this.#removed.set(photo, packed(tags));
  }

  /** Brings indexes and counts up to date. */
  apply(database: SqlDatabase): void {
    const change = (sql: string, changes: ReadonlyMap<number, unknown>) => {
      if (changes.size > 0) database.prepare(sql).run(JSON.stringify(Object.fromEntries(changes)));
    };
    change(`DELETE FROM postings WHERE (term, score, photo) IN (${entries})`, this.#removed);
    change(
      `DELETE FROM members WHERE (term, photo) IN
         (SELECT entry.value, CAST(photo.key AS INTEGER) FROM json_each(?) AS photo, json_each(photo.value) AS entry)`,
      this.#lostTerms(),
    );
    change(`INSERT INTO postings (term, score, photo) ${entries}`, this.#added);
    change(
      `INSERT INTO members (term, score, photo) ${entries} WHERE true
       ON CONFLICT (term, photo) DO UPDATE SET score = excluded.score`,
      this.#added,
    );
    change(
      `UPDATE terms SET photos = photos + change.value
       FROM json_each(?) AS change WHERE terms.id = CAST(change.key AS INTEGER)`,
      this.#termCounts(),
    );
    if (this.photos !== 0) database.prepare('UPDATE totals SET photos = photos + ?').run(this.photos);
  }

  /** By photo, the terms that it had and has no more: with another score, it stays a member. */
  #lostTerms(): Map<number, number[]> {
    const lost = new Map<number, number[]>();
    for (const [photo, removed] of this.#removed) {
      const kept = new Set(this.#added.get(photo)?.map(termOf));
      const terms = removed.map(termOf).filter((term) => !kept.has(term));
      if (terms.length > 0) lost.set(photo, terms);
    }
    return lost;
  }

  #termCounts(): Map<number, number> {
    const counts = new Map<number, number>();
    const count = (all: Entries, change: number) => {
      for (const term of [...all.values()].flat().map(termOf))
        counts.set(term, (counts.get(term) ?? 0) + change);
    };
    count(this.#added, 1);
    count(this.#removed, -1);
    return new Map([...counts].filter(([, change]) => change !== 0));
  }
}

function termOf(entry: number): number {
  return Math.floor(entry / termUnit);
}

/** One entry a term: of tags that differ in case alone, the best counts, and it comes first. */
function packed(tags: readonly TermScore[]): number[] {
  const best = new Map<number, number>();
  for (const { term, score } of tags) best.set(term, Math.max(score, best.get(term) ?? 0));
  return Array.from(best, ([term, score]) => term * termUnit + score);
}
