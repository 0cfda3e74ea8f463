import { Fault } from '../base/errors.ts';
import type { SqlDatabase } from './database.ts';

/** What a file of ours has in it. */
export interface Schema {
  /** Marks the file, so that another program's database is refused instead of changed. */
  readonly applicationId: number;
  /** One row a version; a published row never changes, a change is a new row. */
  readonly migrations: readonly string[];
}

/** "ATAG". */
const applicationId = 0x41544147;

/**
 * The schema of the tag store.
 *
 * A tag is kept exactly (`tags`) and by what searches compare (`terms`). A photo's row carries its own tags, so that
 * showing or replacing them reads one row. Each pair of term and photo is in `postings`, in blocks, see posting-block.ts.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    extractor TEXT NOT NULL,
    UNIQUE (model, extractor)
  ) STRICT;

  CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE,
    photos INTEGER NOT NULL DEFAULT 0 -- how many have it: what a search is planned by
  ) STRICT;

  CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    tag TEXT NOT NULL UNIQUE,
    term INTEGER NOT NULL -- terms.id
  ) STRICT;

  CREATE TABLE photos (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    activation INTEGER NOT NULL,
    model INTEGER NOT NULL, -- models.id
    file TEXT,
    sha256 BLOB,
    width INTEGER,
    height INTEGER,
    tagged_at INTEGER NOT NULL, -- ms since the epoch
    tags BLOB NOT NULL -- (tags.id, score) by falling score, see tag-list.ts
  ) STRICT;

  CREATE TABLE postings (
    term INTEGER NOT NULL, -- terms.id
    score INTEGER NOT NULL, -- 1/10,000
    photo INTEGER NOT NULL, -- photos.row
    PRIMARY KEY (term, score, photo)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE members (
    term INTEGER NOT NULL,
    photo INTEGER NOT NULL,
    score INTEGER NOT NULL,
    PRIMARY KEY (term, photo)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tombstones (
    id TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL -- ms since the epoch
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tombstones_by_age ON tombstones (forgotten_at);

  CREATE TABLE totals (photos INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (0);

  PRAGMA application_id = ${String(applicationId)};
  `,
  // JSON, NULL if there are none.
  'ALTER TABLE photos ADD COLUMN attributes TEXT',
  // What users say of a photo, see corrections.ts. Where they do, `tags` is what counts, and what the machine says is beside it.
  `
  ALTER TABLE photos ADD COLUMN corrections TEXT;
  ALTER TABLE photos ADD COLUMN machine_tags BLOB;
  CREATE INDEX corrected_photos ON photos (row) WHERE corrections IS NOT NULL;
  `,
  // Searches may begin with the rows of an owner, of a model, or of a time, which are then asked for model by model.
  `
  ALTER TABLE photos ADD COLUMN owner TEXT;
  CREATE INDEX photos_by_owner ON photos (owner) WHERE owner IS NOT NULL;
  CREATE INDEX photos_by_model ON photos (model, tagged_at);
  CREATE INDEX tags_by_term ON tags (term);
  `,
  // Postings come in blocks of one term and 8,192 rows: an entry an index cost ten changes of two trees a photo.
  `
  CREATE TABLE blocks (
    key INTEGER PRIMARY KEY, -- terms.id * 2^24 + photos.row / 8192
    best INTEGER NOT NULL, -- highest score, 1/10,000
    rest INTEGER NOT NULL, -- highest score in tail, -1 if that is empty
    head BLOB NOT NULL, -- entries by falling score, see posting-block.ts
    tail BLOB NOT NULL -- those behind
  ) STRICT;
  INSERT INTO blocks
    SELECT term * 16777216 + photo / 8192, max(score), -1,
           unhex(group_concat(printf('%02x%02x%02x%02x', photo & 255, photo >> 8 & 31, score & 255, score >> 8), ''
                              ORDER BY score DESC, photo DESC)), x''
    FROM members GROUP BY term, photo / 8192;
  DROP TABLE postings;
  DROP TABLE members;
  ALTER TABLE blocks RENAME TO postings;
  `,
];

/** A tag store's file. */
export const tagStoreSchema: Schema = { applicationId, migrations };

/** The newest schema of a tag store that this version of the program knows. */
export const schemaVersion = migrations.length;

/**
 * Brings the database to the newest version of its schema, each migration in a transaction of its own.
 *
 * @param schema - default: a tag store's
 * @throws Fault `STORE_VERSION` if a newer program wrote it, `STORE_FORMAT` if another program did
 */
export function migrate(database: SqlDatabase, file: string, schema: Schema = tagStoreSchema): void {
  const found = versionOf(database);
  const known = schema.migrations.length;
  if (!isOurs(database, schema))
    throw new Fault('STORE_FORMAT', { file, reason: 'it is the database of another program' });
  if (found > known) throw new Fault('STORE_VERSION', { found, known });
  for (const [index, sql] of schema.migrations.entries()) {
    database.transaction(() => {
      // Asked again inside: another process may have just done it.
      if (versionOf(database) > index) return;
      database.execute(sql);
      database.execute(`PRAGMA user_version = ${String(index + 1)}`);
    });
  }
}

function versionOf(database: SqlDatabase): number {
  return Number(database.pragma('user_version'));
}

function isOurs(database: SqlDatabase, schema: Schema): boolean {
  if (database.pragma('application_id') === schema.applicationId) return true;
  const isEmpty = database.prepare<[number]>('SELECT 1 FROM sqlite_schema').get() === undefined;
  return isEmpty && versionOf(database) === 0;
}
