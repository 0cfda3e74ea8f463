import type { SqlDatabase, Statement } from './database.ts';
import type { Schema } from './migrations.ts';
import type { Submission } from './tag-store.ts';
import type { PhotoThumbnail, ThumbnailStoreStats } from './thumbnail-store.ts';

/** "ATTH", and the schema of the file that thumbnails are in; see `migrate`. */
export const thumbnailSchema: Schema = {
  applicationId: 0x41545448,
  migrations: [
    `
    CREATE TABLE thumbnails (
      id TEXT PRIMARY KEY,
      epoch INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      webp BLOB NOT NULL
    ) STRICT;

    PRAGMA application_id = ${String(0x41545448)};
    `,
  ],
};

/** What the thread of the thumbnails answers. */
export interface ThumbnailCalls {
  readonly put: { readonly args: [batch: readonly PhotoThumbnail[]]; readonly answer: undefined };
  readonly get: { readonly args: [photoId: string]; readonly answer: Uint8Array<ArrayBuffer> | undefined };
  readonly forget: { readonly args: [photoId: string, upTo: Submission]; readonly answer: boolean };
  readonly stats: { readonly args: []; readonly answer: ThumbnailStoreStats };
}

/** The one connection to the database of thumbnails. */
export class ThumbnailTable {
  readonly #database: SqlDatabase;
  readonly #upsert: Statement;
  readonly #outdate: Statement;
  readonly #remove: Statement<[id: string]>;
  readonly #webp: Statement<[webp: Uint8Array]>;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#upsert = database.prepare(
      `INSERT INTO thumbnails (id, epoch, sequence, webp) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, webp = excluded.webp
       WHERE (excluded.epoch, excluded.sequence) >= (epoch, sequence)`,
    );
    this.#outdate = database.prepare(
      'DELETE FROM thumbnails WHERE id = ? AND (epoch, sequence) < (CAST(? AS INTEGER), CAST(? AS INTEGER))',
    );
    this.#remove = database.prepare(
      `DELETE FROM thumbnails WHERE id = ? AND (epoch, sequence) <= (CAST(? AS INTEGER), CAST(? AS INTEGER))
       RETURNING id`,
    );
    this.#webp = database.prepare('SELECT webp FROM thumbnails WHERE id = ?');
  }

  /** See `ThumbnailStore.put`. */
  put(batch: readonly PhotoThumbnail[]): undefined {
    this.#database.transaction(() => {
      for (const { photoId, submission, webp } of batch) {
        const { epoch, sequence } = submission;
        if (webp === undefined) this.#outdate.run(photoId, epoch, sequence);
        else this.#upsert.run(photoId, epoch, sequence, webp);
      }
    });
    return undefined;
  }

  get(photoId: string): Uint8Array<ArrayBuffer> | undefined {
    const webp = this.#webp.get(photoId)?.[0];
    // Alone in its buffer, all of which is sent.
    return webp === undefined ? undefined : new Uint8Array(webp);
  }

  forget(photoId: string, { epoch, sequence }: Submission): boolean {
    return this.#remove.all(photoId, epoch, sequence).length > 0;
  }

  stats(): ThumbnailStoreStats {
    const pages = Number(this.#database.pragma('page_count'));
    return { bytes: pages * Number(this.#database.pragma('page_size')) };
  }
}
