import type { PoolClient, QueryConfig } from 'pg';
import { Fault } from '../../base/errors.ts';
import { correctionsMigration } from './correction-statements.ts';
import { featuresMigration } from './feature-statements.ts';

/**
 * The schema, one row a version; a published row never changes, a change is a new row.
 *
 * A photo that is forgotten stays for a while as a row without tags whose activation none can beat: so one comparison
 * decides for results and tombstones alike, and one row's lock is all that two writers of a photo can contend for.
 * `postings` and all counts are the database's own doing, by triggers: they follow from `photos`, whoever writes.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE autotag.models (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    model text COLLATE "C" NOT NULL,
    extractor text COLLATE "C" NOT NULL,
    UNIQUE (model, extractor)
  );

  CREATE TABLE autotag.terms (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    term text COLLATE "C" NOT NULL UNIQUE,
    photos bigint NOT NULL DEFAULT 0 -- how many have it: what a search is planned by
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

  CREATE TABLE autotag.tags (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tag text COLLATE "C" NOT NULL UNIQUE,
    term integer NOT NULL -- terms.id
  );

  CREATE TABLE autotag.photos (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" NOT NULL UNIQUE,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    activation bigint NOT NULL, -- the largest there is, where the photo is forgotten
    model integer, -- models.id
    file text,
    sha256 bytea,
    width bigint,
    height bigint,
    tagged_at bigint, -- ms since the epoch
    tags integer[] NOT NULL, -- tags.id, by falling score
    scores smallint[] NOT NULL, -- 1/10,000
    attributes text, -- JSON, NULL if there are none
    forgotten_at bigint, -- ms since the epoch; NULL where the photo is not forgotten
    CONSTRAINT complete CHECK (forgotten_at IS NOT NULL
      OR (model IS NOT NULL AND tagged_at IS NOT NULL AND cardinality(tags) = cardinality(scores)
        AND array_position(tags, NULL) IS NULL))
  );
  CREATE INDEX forgotten ON autotag.photos (forgotten_at) WHERE forgotten_at IS NOT NULL;

  -- Twice indexed: to ask whether a photo has a term, and in the order in which results are listed. Searches read the
  -- indexes alone, as long as vacuum keeps up.
  CREATE TABLE autotag.postings (
    photo bigint NOT NULL, -- photos.number
    term integer NOT NULL, -- terms.id
    score smallint NOT NULL, -- 1/10,000
    PRIMARY KEY (photo, term) INCLUDE (score)
  ) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);
  CREATE INDEX postings_by_score ON autotag.postings (term, score, photo);

  CREATE TABLE autotag.totals (photos bigint NOT NULL)
    WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
  INSERT INTO autotag.totals VALUES (0);

  -- Of tags that differ in case alone, the best counts. Photos that keep their tags and scores keep their postings.
  CREATE FUNCTION autotag.index_photos() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    live bigint := 0;
    retagged bigint[];
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      retagged := ARRAY(SELECT number FROM (
        SELECT number, tags, scores FROM written EXCEPT SELECT number, tags, scores FROM replaced) AS retagged);
      DELETE FROM autotag.postings WHERE photo = ANY (retagged);
      live := (SELECT count(*) FROM replaced WHERE forgotten_at IS NULL);
    END IF;
    INSERT INTO autotag.postings (photo, term, score)
      SELECT written.number, tags.term, max(listed.score)
      FROM written, unnest(written.tags, written.scores) AS listed (tag, score), autotag.tags
      WHERE tags.id = listed.tag AND (TG_OP = 'INSERT' OR written.number IN (SELECT unnest(retagged)))
      GROUP BY written.number, tags.term;
    UPDATE autotag.totals SET photos = totals.photos - live + added.photos
      FROM (SELECT count(*) AS photos FROM written WHERE forgotten_at IS NULL) AS added
      WHERE added.photos <> live;
    RETURN NULL;
  END $$;

  -- Of all that count, one at a time: no two can wait for each other's terms. They hold the lock to the end of their
  -- transaction, so counting is the last thing that is done in it.
  CREATE FUNCTION autotag.count_postings() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM FROM changed LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM FROM autotag.totals FOR UPDATE;
    UPDATE autotag.terms
      SET photos = terms.photos + CASE TG_OP WHEN 'INSERT' THEN change.photos ELSE -change.photos END
      FROM (SELECT term, count(*) AS photos FROM changed GROUP BY term) AS change
      WHERE terms.id = change.term;
    RETURN NULL;
  END $$;

  CREATE TRIGGER photos_inserted AFTER INSERT ON autotag.photos REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION autotag.index_photos();
  CREATE TRIGGER photos_updated AFTER UPDATE ON autotag.photos REFERENCING OLD TABLE AS replaced NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION autotag.index_photos();
  CREATE TRIGGER postings_inserted AFTER INSERT ON autotag.postings REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION autotag.count_postings();
  CREATE TRIGGER postings_deleted AFTER DELETE ON autotag.postings REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION autotag.count_postings();
  `,
  correctionsMigration,
  // WebP does not get smaller: nobody tries.
  `
  CREATE TABLE autotag.thumbnails (
    photo text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    webp bytea NOT NULL
  );
  ALTER TABLE autotag.thumbnails ALTER COLUMN webp SET STORAGE EXTERNAL;
  `,
  // Searches may begin with the rows of an owner, of a model, or of a time, which are then asked for model by model.
  `
  ALTER TABLE autotag.photos ADD COLUMN owner text COLLATE "C";
  CREATE INDEX photos_by_owner ON autotag.photos (owner) WHERE owner IS NOT NULL;
  CREATE INDEX photos_by_model ON autotag.photos (model, tagged_at);
  CREATE INDEX tags_by_term ON autotag.tags (term);
  `,
  featuresMigration,
];

/** The newest schema this version of the program knows. */
export const serverSchemaVersion = migrations.length;

/** The key of the lock that those who migrate take: "ATAG". */
const migrationLock = 0x41544147;

/**
 * Brings the database to {@link serverSchemaVersion}, in the transaction of the client; one node at a time.
 * @throws Fault `STORE_VERSION` if a newer program wrote it, `STORE_DATABASE` if it cannot be used
 */
export async function migrateServer(client: PoolClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
  // Indexes of millions of photos take longer than any other statement may.
  await client.query('SET LOCAL statement_timeout = 0');
  await checkServer(client);
  const found = await versionOf(client);
  if (found > serverSchemaVersion) throw new Fault('STORE_VERSION', { found, known: serverSchemaVersion });
  for (const [index, sql] of migrations.entries()) {
    if (index < found) continue;
    await client.query(slow(sql));
    await client.query('INSERT INTO autotag.migrations (version) VALUES ($1)', [index + 1]);
  }
}

/** A statement that may take as long as it takes, on this side as well. */
function slow(text: string): QueryConfig & { readonly query_timeout: number } {
  return { text, query_timeout: migrationTimeoutMs };
}

const migrationTimeoutMs = 60 * 60 * 1000;

/** PostgreSQL 13: vacuum after inserts alone, which searches by index need. */
const oldestServer = 130_000;

async function checkServer(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string; reads: boolean }>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
            pg_is_in_recovery() AS reads`,
  );
  const { version = 0, encoding = '', reads = false } = rows[0] ?? {};
  if (version < oldestServer) throw unfit('the server is older than PostgreSQL 13');
  if (encoding !== 'UTF8') throw unfit(`its encoding is ${encoding}, not UTF8`);
  if (reads)
    throw new Fault('STORE_UNAVAILABLE', {
      reason: 'PostgreSQL: the server only reads: it is a standby, or recovers',
    });
}

async function versionOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ ours: boolean; taken: boolean }>(
    `SELECT to_regclass('autotag.migrations') IS NOT NULL AS ours,
            EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('autotag')) AS taken`,
  );
  if (rows[0]?.ours === true) {
    const { rows: versions } = await client.query<{ version: number | null }>(
      'SELECT max(version) AS version FROM autotag.migrations',
    );
    return versions[0]?.version ?? 0;
  }
  if (rows[0]?.taken === true) throw unfit('its schema autotag has tables of another program');
  await client.query('CREATE SCHEMA IF NOT EXISTS autotag');
  await client.query(
    'CREATE TABLE autotag.migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  return 0;
}

function unfit(reason: string): Fault {
  return new Fault('STORE_DATABASE', { reason });
}
