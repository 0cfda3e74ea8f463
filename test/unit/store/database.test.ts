import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlDatabase, storeFault } from '../../../src/store/database.ts';
import { migrate, schemaVersion, tagStoreSchema } from '../../../src/store/migrations.ts';
import { chunkPhotos } from '../../../src/store/posting-block.ts';
import { parseSearchQuery } from '../../../src/store/search-query.ts';
import { packTagList } from '../../../src/store/tag-list.ts';
import { TagReader } from '../../../src/store/tag-reader.ts';
import { TagWriter } from '../../../src/store/tag-writer.ts';
import { hostileNames, result } from '../../contract/tag-store-samples.ts';

describe('SqlDatabase', () => {
  let folder: string;
  let file: string;
  let database: SqlDatabase;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'autotag-database-'));
    file = path.join(folder, 'tags.db');
    database = new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 });
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  it('commits what is durable: a log that is synced at each commit', () => {
    expect(database.pragma('journal_mode')).toBe('wal');
    expect(database.pragma('synchronous')).toBe(2);
  });

  it('undoes a transaction that throws, and can begin the next', () => {
    database.execute('CREATE TABLE t (a INTEGER) STRICT');
    expect(() =>
      database.transaction(() => {
        database.execute('INSERT INTO t VALUES (1)');
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    expect(database.prepare('SELECT a FROM t').all()).toEqual([]);
    database.transaction(() => {
      database.execute('INSERT INTO t VALUES (2)');
    });
    expect(database.prepare('SELECT a FROM t').all()).toEqual([[2]]);
  });

  it('does not run a failed statement again with the values that failed', () => {
    database.execute('CREATE TABLE t (a INTEGER CHECK (a > 0)) STRICT');
    const insert = database.prepare<[number]>('INSERT INTO t VALUES (?) RETURNING a');
    expect(() => insert.one(-1)).toThrow('CHECK');
    expect(insert.one(2)).toEqual([2]);
    expect(() => insert.all(-1)).toThrow('CHECK');
    expect(insert.all(3)).toEqual([[3]]);
    expect(database.prepare('SELECT a FROM t').all()).toEqual([[2], [3]]);
  });

  it('keeps numbers beyond 32 bits and any Unicode', () => {
    database.execute('CREATE TABLE t (a INTEGER, b TEXT, c BLOB) STRICT');
    const insert = database.prepare('INSERT INTO t VALUES (?, ?, ?)');
    const rows = hostileNames.map(
      (name, index) => [Number.MAX_SAFE_INTEGER - index, name, Buffer.from(name)] as const,
    );
    for (const row of rows) insert.run(...row);
    expect(database.prepare('SELECT * FROM t').all()).toEqual(rows);
  });

  it('migrates once, and again does nothing', () => {
    migrate(database, file);
    expect(database.pragma('user_version')).toBe(schemaVersion);
    const schema = database.prepare('SELECT sql FROM sqlite_schema').all();
    migrate(database, file);
    expect(database.prepare('SELECT sql FROM sqlite_schema').all()).toEqual(schema);
  });

  it.each([1, schemaVersion - 1])('keeps what was stored when its schema was at version %i', (version) => {
    const { migrations } = tagStoreSchema;
    migrate(database, file, { ...tagStoreSchema, migrations: migrations.slice(0, version) });
    const photos = [1, 2, chunkPhotos - 1, chunkPhotos, 5 * chunkPhotos + 257];
    const tags = packTagList([
      { tag: 1, score: 9_999 },
      { tag: 2, score: 513 },
    ]);
    database.execute(
      `INSERT INTO models VALUES (1, 'a1', 'lite0'); UPDATE totals SET photos = ${String(photos.length)};
       INSERT INTO terms VALUES (1, 'cat', ${String(photos.length)}), (2, 'dog', ${String(photos.length)});
       INSERT INTO tags VALUES (1, 'Cat', 1), (2, 'dog', 2)`,
    );
    for (const photo of photos) {
      database
        .prepare(
          'INSERT INTO photos (row, id, epoch, sequence, activation, model, tagged_at, tags) VALUES (?, ?, 1, 1, 1, 1, 7, ?)',
        )
        .run(photo, `photo ${String(photo)}`, tags);
      for (const table of ['postings', 'members'])
        for (const [term, score] of [
          [1, 9_999],
          [2, 513],
        ] as const)
          database
            .prepare(`INSERT INTO ${table} (term, photo, score) VALUES (?, ?, ?)`)
            .run(term, photo, score);
    }
    migrate(database, file);
    const reader = new TagReader(new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 }));
    const { hits } = reader.search(parseSearchQuery('dog cat'), { limit: 10 });
    expect(hits.map(({ photoId }) => photoId)).toEqual(
      photos.toReversed().map((photo) => `photo ${String(photo)}`),
    );
    expect(hits[0]).toMatchObject({
      score: 0.0513,
      tags: [
        { tag: 'Cat', score: 0.9999 },
        { tag: 'dog', score: 0.0513 },
      ],
    });
    const next = result('photo 2', { cat: 0.5 }, { attributes: { camera: 'K2' }, owner: 'alice' });
    new TagWriter(database).write([next]);
    expect(reader.get('photo 2')).toEqual(next);
    expect(reader.search(parseSearchQuery('dog'), { limit: 10 }).hits).toHaveLength(photos.length - 1);
  });

  it('on a full disk keeps nothing of the batch, says so, and goes on when there is space', () => {
    migrate(database, file);
    const writer = new TagWriter(database);
    const reader = new TagReader(new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 }));
    writer.write([result('before', { cat: 0.5 })]);
    const before = reader.stats();
    const batch = Array.from({ length: 2000 }, (_, index) =>
      result(`photo ${String(index)}`, { [`tag ${String(index)}`]: 0.9, cat: 0.5 }),
    );
    const pages = Number(database.pragma('page_count'));
    database.pragma(`max_page_count = ${String(pages + 3)}`);
    let thrown: unknown;
    try {
      writer.write(batch);
    } catch (error) {
      thrown = storeFault(error, file);
    }
    expect(thrown).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('the disk is full') as string,
    });
    expect(reader.stats()).toEqual(before);
    database.pragma('max_page_count = 1000000');
    // Numbers given to new tags in the undone transaction must not be remembered.
    expect(new Set(writer.write(batch.toReversed()))).toEqual(new Set(['stored']));
    expect(reader.get('photo 7')).toEqual(batch[7]);
    expect(reader.stats()).toMatchObject({ photos: 2001, tags: 2001, postings: 4001 });
  });

  it('never changes anything through a reader', () => {
    migrate(database, file);
    new TagReader(database);
    expect(() => {
      database.execute('DELETE FROM photos');
    }).toThrow(/readonly|read-only|query_only/i);
  });

  it('gives mistakes of its own as INTERNAL, not as an absent store', () => {
    let thrown: unknown;
    try {
      database.execute('SELEC');
    } catch (error) {
      thrown = storeFault(error, file);
    }
    expect(thrown).toMatchObject({ code: 'INTERNAL' });
  });
});
