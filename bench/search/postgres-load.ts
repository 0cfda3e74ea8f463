import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import type { TestPostgres } from '../../test/support/postgres.ts';
import type { Progress } from '../results/part.ts';
import { tagName, type MadeCorpus } from './made-corpus.ts';

const photosAtOnce = 1_000;

/** Fills an empty database of a server on this machine with a corpus: the server copies files, then makes its indexes and vacuums. */
export async function loadPostgres(
  server: TestPostgres,
  url: string,
  corpus: MadeCorpus,
  progress: Progress,
): Promise<void> {
  await (await PostgresTagStore.open({ url })).close();
  const folder = await mkdtemp(join(tmpdir(), 'autotag-search-bench-'));
  // The server runs as a user of its own.
  await chmod(folder, 0o755);
  const copy = async (table: string, lines: Iterable<string>) => {
    const file = join(folder, 'rows.tsv');
    progress(`writing ${table}`);
    await pipeline(Readable.from(lines), createWriteStream(file));
    progress(`copying ${table}`);
    await server.execute(url, `COPY autotag.${table} FROM '${file}'`);
  };
  try {
    const indexes = await withoutIndexes(server, url);
    await copy('terms (id, term, photos)', termLines(corpus));
    await copy('tags (id, tag, term)', tagLines(corpus));
    await server.execute(
      url,
      `INSERT INTO autotag.models (id, model, extractor) OVERRIDING SYSTEM VALUE
       SELECT id, repeat(id::text, 64), 'lite0-1' FROM generate_series(1, 3) AS id;
       UPDATE autotag.totals SET photos = ${String(corpus.photos)}`,
    );
    await copy(
      'photos (number, id, epoch, sequence, activation, model, tagged_at, tags, scores, owner)',
      photoLines(corpus),
    );
    await copy('postings (photo, term, score)', postingLines(corpus));
    for (const index of indexes) {
      progress(index);
      await server.execute(url, index);
    }
    progress('vacuuming');
    await server.execute(url, 'VACUUM ANALYZE');
    // What a server that has run for a while has in memory.
    progress('reading the indexes');
    await server.execute(
      url,
      `CREATE EXTENSION pg_prewarm;
       SELECT pg_prewarm(indexrelid) FROM pg_stat_user_indexes WHERE schemaname = 'autotag'`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Drops triggers' work and all indexes but those of keys; returns the statements that make these indexes. */
async function withoutIndexes(server: TestPostgres, url: string): Promise<string[]> {
  await server.execute(
    url,
    'ALTER TABLE autotag.photos DISABLE TRIGGER USER; ALTER TABLE autotag.postings DISABLE TRIGGER USER',
  );
  const indexes = await server.execute(
    url,
    `SELECT indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'autotag' AND tablename IN ('photos', 'postings') AND indexdef NOT LIKE '%UNIQUE%'`,
  );
  for (const { indexname } of indexes) await server.execute(url, `DROP INDEX autotag.${String(indexname)}`);
  return indexes.map(({ indexdef }) => String(indexdef));
}

function* termLines(corpus: MadeCorpus): Generator<string> {
  for (let rank = 0; rank < corpus.vocabulary; rank += 1)
    yield `${String(rank + 1)}\t${tagName(rank)}\t${String(corpus.count(rank))}\n`;
}

function* tagLines(corpus: MadeCorpus): Generator<string> {
  for (let rank = 0; rank < corpus.vocabulary; rank += 1)
    yield `${String(rank + 1)}\t${tagName(rank)}\t${String(rank + 1)}\n`;
}

function* photoLines(corpus: MadeCorpus): Generator<string> {
  yield* chunks(corpus, (photo) => {
    const { model, taggedAt, owner } = corpus.row(photo);
    const tags = corpus.tags(photo);
    const number = String(photo);
    const list = (values: readonly number[]) => `{${values.join(',')}}`;
    const [ids, scores] = [tags.map(({ rank }) => rank + 1), tags.map(({ score }) => score)];
    const id = photo.toString(16).padStart(64, '0');
    return `${number}\t${id}\t1\t${number}\t1\t${String(model)}\t${String(taggedAt)}\t${list(ids)}\t${list(scores)}\t${owner}\n`;
  });
}

function* postingLines(corpus: MadeCorpus): Generator<string> {
  yield* chunks(corpus, (photo) =>
    corpus
      .tags(photo)
      .map(({ rank, score }) => `${String(photo)}\t${String(rank + 1)}\t${String(score)}\n`)
      .join(''),
  );
}

/** Texts of all photos, many at once: a stream takes its time for each. */
function* chunks(corpus: MadeCorpus, textOf: (photo: number) => string): Generator<string> {
  for (let first = 1; first <= corpus.photos; first += photosAtOnce) {
    const count = Math.min(photosAtOnce, corpus.photos - first + 1);
    yield Array.from({ length: count }, (_, index) => textOf(first + index)).join('');
  }
}
