import type { SqlDatabase } from './database.ts';

/** What all rows of a batch say of who tagged them. */
export interface Tagging {
  readonly activation: number;
  /** `models.id`. */
  readonly model: number;
  /** Wall time, ms since the epoch. */
  readonly taggedAt: number;
}

/** Rows that are tagged again, all by one statement: calling it for each would take the driver longer than SQLite. */
export class RowUpdates {
  readonly #tagging: Tagging;
  readonly #rows: number[][] = [];
  /** All lists in one, behind a byte: the driver takes an empty value for none. */
  readonly #lists: Uint8Array[] = [new Uint8Array(1)];
  /** Where the next list begins: SQLite counts from 1. */
  #at = 2;

  constructor(tagging: Tagging) {
    this.#tagging = tagging;
  }

  /**
   * @param row - `photos.row`
   * @param tags - what counts, as rows keep it
   * @param machineTags - what the machine says, where users say otherwise
   */
  add(row: number, tags: Uint8Array, machineTags?: Uint8Array): void {
    this.#rows.push([
      row,
      ...this.#kept(tags),
      ...(machineTags === undefined ? [] : this.#kept(machineTags)),
    ]);
  }

  apply(database: SqlDatabase): void {
    if (this.#rows.length === 0) return;
    const { activation, model, taggedAt } = this.#tagging;
    database
      .prepare(
        `UPDATE photos
         SET activation = ?1, model = ?2, tagged_at = ?3, tags = substr(?5, new.value ->> 1, new.value ->> 2),
             machine_tags = substr(?5, new.value ->> 3, new.value ->> 4)
         FROM json_each(?4) AS new WHERE row = new.value ->> 0`,
      )
      .run(activation, model, taggedAt, JSON.stringify(this.#rows), Buffer.concat(this.#lists));
  }

  #kept(list: Uint8Array): [at: number, size: number] {
    const at = this.#at;
    this.#lists.push(list);
    this.#at += list.length;
    return [at, list.length];
  }
}
