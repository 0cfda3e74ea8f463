import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresTagStore, type PostgresTagStoreOptions } from '../../../src/store/postgres-tag-store.ts';
import { serverSchemaVersion } from '../../../src/store/postgres/server-schema.ts';
import { parseSearchQuery } from '../../../src/store/search-query.ts';
import { rescoredBatch, result } from '../../contract/tag-store-samples.ts';
import { generationOf, sharedIds } from '../../support/killed-writer-batches.ts';
import { freePort } from '../../support/nats.ts';
import { expectConsistent } from '../../support/postgres-counts.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const away = { code: 'STORE_UNAVAILABLE' };

describe('a tag store in PostgreSQL', () => {
  let server: TestPostgres;
  let url: string;
  const opened: PostgresTagStore[] = [];
  const open = async (more: Partial<PostgresTagStoreOptions> = {}) => {
    const store = await PostgresTagStore.open({ url, ...more });
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    url = await server.createDatabase();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe('opening', () => {
    it('refuses a newer schema, and names both versions', async () => {
      await open();
      await server.execute(url, `INSERT INTO autotag.migrations VALUES (${String(serverSchemaVersion + 1)})`);
      await expect(open()).rejects.toMatchObject({
        code: 'STORE_VERSION',
        details: { found: serverSchemaVersion + 1, known: serverSchemaVersion },
      });
    });

    it("refuses another program's schema, and adds nothing to it", async () => {
      await server.execute(url, 'CREATE SCHEMA autotag; CREATE TABLE autotag.invoices (id integer)');
      await expect(open()).rejects.toMatchObject({ code: 'STORE_DATABASE' });
      const tables = await server.execute(
        url,
        `SELECT relname FROM pg_class WHERE relnamespace = 'autotag'::regnamespace AND relkind = 'r'`,
      );
      expect(tables).toEqual([{ relname: 'invoices' }]);
    });

    it('refuses an encoding that cannot keep every tag', async () => {
      url = await server.createDatabase('LATIN1');
      await expect(open()).rejects.toMatchObject({ code: 'STORE_DATABASE' });
    });

    it.each([
      ['a wrong password', (text: string) => text.replace(/:[^:@]*@/, ':sesame%20open@')],
      ['no such database', (text: string) => `${text}_missing`],
    ])('says so of %s, without the password, and waits', async (_, wrong) => {
      const store = await open({ url: wrong(url) });
      const fault = await store.health().then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      expect(fault).toMatchObject({ ...away, message: expect.stringContaining('PostgreSQL') as string });
      const told = `${JSON.stringify(fault)}${fault?.message ?? ''}${String(fault?.stack)}${String(fault?.cause)}`;
      expect(told).not.toContain('sesame');
      expect(told).not.toContain(server.password);
    });

    it('opens before the server is there, and is of use when it is', async () => {
      const elsewhere = await open({ url: url.replace(/:\d+\//, `:${String(await freePort())}/`) });
      await expect(elsewhere.health()).rejects.toMatchObject(away);
      await server.shutDown();
      const store = await open();
      await expect(store.write([result('early')])).rejects.toMatchObject(away);
      await server.start();
      expect(await store.write([result('early')])).toEqual(['stored']);
    });
  });

  describe('in trouble', () => {
    it('rejects while the server is stopped, and goes on by itself', async () => {
      const store = await open();
      await store.write([result('before', { cat: 0.5 })]);
      await server.shutDown();
      const calls = [
        () => store.write([result('during')]),
        () => store.rescore(rescoredBatch([result('before', { dog: 0.5 })])),
        () => store.outdated({ activation: 2, taggedBefore: 0 }, { limit: 1, after: 0 }),
        () => store.get('before'),
        () => store.search(parseSearchQuery('cat'), { limit: 1 }),
        () => store.forget('before'),
        () => store.stats(),
        () => store.health(),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject(away);
      await server.start();
      await until(() =>
        store.health().then(
          () => true,
          () => false,
        ),
      );
      expect(await store.get('before')).toBeDefined();
      expect(await store.get('during')).toBeUndefined();
      expect(await store.write([result('during')])).toEqual(['stored']);
    });

    it('keeps what was answered, and no half batch, when the server is killed while it writes', async () => {
      let next = 1;
      for (let round = 0; round < 3; round += 1) {
        const store = await open();
        let answered = next - 1;
        const first = next;
        const writing = (async () => {
          for (;;) {
            await store.write(generationOf(next));
            answered = next;
            next += 1;
          }
        })().catch((thrown: unknown) => thrown);
        await until(() => answered >= first + 3 + round);
        await server.kill();
        expect(await writing).toMatchObject(away);
        await server.start();
        await until(() =>
          store.health().then(
            () => true,
            () => false,
          ),
        );
        const shared = await Promise.all(sharedIds.map((id) => store.get(id)));
        const last = shared[0]?.submission.sequence ?? 0;
        // What was under way may have been committed, as a whole.
        expect([answered, answered + 1]).toContain(last);
        for (const each of shared) expect(each?.submission.sequence).toBe(last);
        for (let generation = first; generation <= last; generation += 1)
          for (const { photoId } of generationOf(generation)) expect(await store.get(photoId)).toBeDefined();
        await expectConsistent(server, url);
        next = last + 1;
      }
    });

    it('gives up a statement that takes too long, and nothing of it stays', async () => {
      const store = await open({ statementTimeoutMs: 300 });
      await store.write([result('held', { cat: 0.5 })]);
      const release = await server.hold(url, "SELECT FROM autotag.photos WHERE id = 'held' FOR UPDATE");
      await expect(
        store.write([result('beside', { dog: 0.5 }), result('held', { dog: 0.5 }, { activation: 2 })]),
      ).rejects.toMatchObject(away);
      // Readers do not wait for writers.
      expect(await store.get('held')).toMatchObject({ activation: 1 });
      expect(await store.get('beside')).toBeUndefined();
      await release();
      expect(await store.write([result('held', {}, { activation: 2 })])).toEqual(['stored']);
      await expectConsistent(server, url);
    });

    it('waits no longer than it should for a server that does not answer', async () => {
      const store = await open({ statementTimeoutMs: 200, connectTimeoutMs: 200 });
      server.pause();
      try {
        await expect(store.get('a')).rejects.toMatchObject(away);
        await expect(store.write([result('a')])).rejects.toMatchObject(away);
      } finally {
        server.resume();
      }
      await until(() =>
        store.health().then(
          () => true,
          () => false,
        ),
      );
    });

    it('writes again what a restored database has lost the names of', async () => {
      const store = await open();
      await store.write([result('a', { cat: 0.5 })]);
      await server.execute(url, 'DROP SCHEMA autotag CASCADE');
      await expect(store.write([result('a', { cat: 0.5 })])).rejects.toMatchObject(away);
      expect(await store.write([result('a', { cat: 0.5 })])).toEqual(['stored']);
      await server.execute(url, 'DELETE FROM autotag.tags; DELETE FROM autotag.models');
      expect(await store.write([result('b', { cat: 0.7 })])).toEqual(['stored']);
      expect(await store.get('b')).toMatchObject({ tags: [{ tag: 'cat', score: 0.7 }] });
      await server.execute(url, 'DELETE FROM autotag.tags');
      expect(await store.rescore(rescoredBatch([result('b', { cat: 0.8 })]))).toEqual(['changed']);
      expect(await store.get('b')).toMatchObject({ tags: [{ tag: 'cat', score: 0.8 }] });
    });

    it('says that a server only reads', async () => {
      const store = await open();
      await server.execute(
        url,
        `ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET default_transaction_read_only = on`,
      );
      await store.close();
      const reads = await open();
      await expect(reads.write([result('a')])).rejects.toMatchObject(away);
      await expect(reads.health()).rejects.toMatchObject(away);
    });
  });

  it('rejects what waits when it is killed, and leaves nothing half-written', async () => {
    const store = await open();
    await store.write([result('kept')]);
    const waiting = Array.from({ length: 20 }, (_, n) =>
      store.write([result(`w${String(n)}`, { cat: 0.5 })]),
    );
    const settled = Promise.allSettled(waiting);
    await store.kill();
    expect(await store.exited).toMatchObject(away);
    for (const each of await settled) if (each.status === 'rejected') expect(each.reason).toMatchObject(away);
    await expect(store.get('kept')).rejects.toMatchObject(away);
    await store.close();
    const again = await open();
    expect(await again.get('kept')).toBeDefined();
    await until(async () => (await server.execute(url, activeStatements)).length === 0);
    await expectConsistent(server, url);
  });

  it('looks at no more rows for an outdated page where photos were forgotten', async () => {
    const store = await open();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await store.write(ids.map((id) => result(id)));
    for (const id of ['a', 'b', 'd']) await store.forget(id);
    const page = (after: number) => store.outdated({ activation: 2, taggedBefore: 0 }, { limit: 2, after });
    const first = await page(0);
    expect(first).toMatchObject({ rows: [], seen: 0 });
    const second = await page(first.next ?? 0);
    expect(second).toMatchObject({ rows: [{ photoId: 'c' }], seen: 1 });
    const third = await page(second.next ?? 0);
    expect(third).toEqual({ rows: [{ photoId: 'e', submission: result('e').submission }], seen: 1 });
  });

  it('leaves postings alone where a photo keeps its tags and scores', async () => {
    const store = await open();
    await store.write([result('a', { cat: 0.5, dog: 0.4 }), result('b', { cat: 0.5 })]);
    const postings = 'SELECT photo, term, ctid, xmin FROM autotag.postings ORDER BY photo, term';
    const before = await server.execute(url, postings);
    const again = [result('a', { cat: 0.5, dog: 0.4 }), result('b', { cat: 0.6 })];
    expect(await store.rescore(rescoredBatch(again.map((each) => ({ ...each, activation: 2 }))))).toEqual([
      'same',
      'changed',
    ]);
    const after = await server.execute(url, postings);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    await expectConsistent(server, url);
  });

  it('takes over what was stored before users could correct it', async () => {
    const store = await open();
    await store.write([result('old', { cat: 0.5, dog: 0.4 })]);
    await store.close();
    await server.execute(
      url,
      `DROP TRIGGER photo_corrected ON autotag.photos; DROP FUNCTION autotag.correct_photo;
       DROP INDEX autotag.photos_by_model, autotag.tags_by_term;
       ALTER TABLE autotag.photos DROP COLUMN owner;
       ALTER TABLE autotag.photos DROP COLUMN corrections, DROP COLUMN machine_tags, DROP COLUMN machine_scores;
       DROP TABLE autotag.thumbnails, autotag.features, autotag.erasures;
       DELETE FROM autotag.migrations WHERE version >= 2`,
    );
    const again = await open();
    expect(await again.get('old')).toEqual(result('old', { cat: 0.5, dog: 0.4 }));
    const tags = [{ tag: 'dog', verdict: 'reject' as const }];
    expect(await again.correct({ photoId: 'old', tags, by: 'ann', at: 1 })).toBe(true);
    expect((await again.get('old'))?.tags).toEqual([{ tag: 'cat', score: 0.5 }]);
    await expectConsistent(server, url);
  });

  it('finds nothing by terms that no tag can be', async () => {
    const store = await open();
    await store.write([result('a', { cat: 0.5, '\ufffd': 0.5 })]);
    for (const term of ['\u0000', '\ud800'])
      expect(await store.search({ wanted: [[term]], unwanted: [] }, { limit: 1 })).toEqual({ hits: [] });
    const { hits } = await store.search({ wanted: [['cat']], unwanted: ['\ud800', '\u0000'] }, { limit: 1 });
    expect(hits).toHaveLength(1);
  });
});

const activeStatements = `SELECT pid FROM pg_stat_activity
  WHERE application_name = 'autotag' AND state = 'active' AND datname = current_database()`;
