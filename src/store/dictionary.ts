import { Fault } from '../base/errors.ts';
import type { SqlDatabase } from './database.ts';
import { searchTerm } from './search-query.ts';

/** Numbers that stand for a tag in rows and indexes. */
export interface TagNumbers {
  readonly tag: number;
  readonly term: number;
}

/** A model and the extractor it reads. */
export interface ModelNames {
  readonly model: string;
  readonly extractor: string;
}

/**
 * Numbers for the few thousand texts that millions of rows repeat, remembered both ways once asked for. A number never
 * changes its text, so what is remembered stays true, unless a transaction that made it was undone: then {@link clear}.
 */
export class Dictionary {
  readonly #database: SqlDatabase;
  readonly #numbers = new Map<string, TagNumbers>();
  readonly #tags = new Map<number, { readonly tag: string; readonly term: number }>();
  readonly #models = new Map<number, ModelNames>();

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  /** Forgets what it remembers. */
  clear(): void {
    this.#numbers.clear();
    this.#tags.clear();
    this.#models.clear();
  }

  /** The numbers of a tag, made if it is new: only inside a write transaction. */
  numbersOf(tag: string): TagNumbers {
    const known = this.#numbers.get(tag);
    if (known !== undefined) return known;
    const term = this.#idOf(
      'INSERT INTO terms (term) VALUES (?) ON CONFLICT DO UPDATE SET term = term RETURNING id',
      [searchTerm(tag)],
    );
    const id = this.#idOf(
      'INSERT INTO tags (tag, term) VALUES (?, ?) ON CONFLICT DO UPDATE SET tag = tag RETURNING id',
      [tag, term],
    );
    const numbers = { tag: id, term };
    this.#numbers.set(tag, numbers);
    return numbers;
  }

  /** The number of a model, made if it is new: only inside a write transaction. */
  modelNumber(names: ModelNames): number {
    for (const [id, known] of this.#models)
      if (known.model === names.model && known.extractor === names.extractor) return id;
    const id = this.#idOf(
      'INSERT INTO models (model, extractor) VALUES (?, ?) ON CONFLICT DO UPDATE SET model = model RETURNING id',
      [names.model, names.extractor],
    );
    this.#models.set(id, { model: names.model, extractor: names.extractor });
    return id;
  }

  /** The text and the term of a tag that a row names. */
  tag(id: number): { readonly tag: string; readonly term: number } {
    return remembered(this.#tags, id, () => {
      const row = this.#database.prepare<[string, number]>('SELECT tag, term FROM tags WHERE id = ?').get(id);
      return row && { tag: row[0], term: row[1] };
    });
  }

  /** The model that a row names. */
  model(id: number): ModelNames {
    return remembered(this.#models, id, () => {
      const row = this.#database
        .prepare<[string, string]>('SELECT model, extractor FROM models WHERE id = ?')
        .get(id);
      return row && { model: row[0], extractor: row[1] };
    });
  }

  #idOf(sql: string, values: (string | number)[]): number {
    return this.#database.prepare<[id: number]>(sql).one(...values)[0];
  }
}

function remembered<T>(known: Map<number, T>, id: number, read: () => T | undefined): T {
  const value = known.get(id) ?? read();
  if (value === undefined)
    throw new Fault('STORE_UNAVAILABLE', { reason: `the database is damaged: it has no text ${String(id)}` });
  known.set(id, value);
  return value;
}
