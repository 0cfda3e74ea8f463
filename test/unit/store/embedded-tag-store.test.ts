import Database from 'libsql';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedTagStore } from '../../../src/store/embedded-tag-store.ts';
import { schemaVersion } from '../../../src/store/migrations.ts';
import { parseSearchQuery } from '../../../src/store/search-query.ts';
import { result } from '../../contract/tag-store-samples.ts';

describe('the embedded tag store', () => {
  let folder: string;
  let file: string;
  const open = (more = {}) => EmbeddedTagStore.open({ file, busyTimeoutMs: 50, ...more });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'autotag-embedded-'));
    file = path.join(folder, 'tags.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  describe('opening', () => {
    it('refuses a file that is no database, and leaves it as it is', async () => {
      writeFileSync(file, 'photo_id\ttag\n'.repeat(100));
      await expect(open()).rejects.toMatchObject({ code: 'STORE_FORMAT', details: { file } });
      expect(readFileSync(file, 'utf8')).toBe('photo_id\ttag\n'.repeat(100));
    });

    it("refuses another program's database, and adds nothing to it", async () => {
      const other = new Database(file);
      other.exec('CREATE TABLE invoices (id INTEGER); PRAGMA user_version = 1');
      await expect(open()).rejects.toMatchObject({ code: 'STORE_FORMAT' });
      expect(other.prepare('SELECT name FROM sqlite_schema').raw().all([])).toEqual([['invoices']]);
      other.close();
    });

    it('refuses a newer schema, and names both versions', async () => {
      await (await open()).close();
      const newer = new Database(file);
      newer.exec(`PRAGMA user_version = ${String(schemaVersion + 1)}`);
      newer.close();
      await expect(open()).rejects.toMatchObject({
        code: 'STORE_VERSION',
        details: { found: schemaVersion + 1, known: schemaVersion },
      });
    });

    it('says so when the folder is missing', async () => {
      await expect(
        EmbeddedTagStore.open({ file: path.join(folder, 'none', 'tags.db') }),
      ).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('cannot be opened') as string,
      });
    });
  });

  describe('in trouble', () => {
    it('refuses while another process writes, and goes on afterwards', async () => {
      const store = await open();
      const other = new Database(file);
      other.exec('BEGIN IMMEDIATE');
      const busy = {
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('another process') as string,
      };
      await expect(store.write([result('a')])).rejects.toMatchObject(busy);
      await expect(store.health()).rejects.toMatchObject(busy);
      // Readers do not wait for writers.
      expect(await store.get('a')).toBeUndefined();
      other.exec('COMMIT');
      other.close();
      expect(await store.write([result('a')])).toEqual(['stored']);
      await store.health();
      await store.close();
    });

    it('says that a damaged file is damaged, and does not answer from it', async () => {
      const store = await open();
      await store.write(
        Array.from({ length: 500 }, (_, index) => result(`photo ${String(index)}`, { cat: 0.5 })),
      );
      await store.close();
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0xa5, 4096));
      const damaged = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('damaged') as string };
      await expect(
        open().then((reopened) =>
          reopened.search(parseSearchQuery('cat'), { limit: 10 }).finally(() => reopened.close()),
        ),
      ).rejects.toMatchObject(damaged);
    });
  });

  describe('when a thread ends', () => {
    it.each(['writer', 'reader'] as const)(
      'rejects what waits, says why, and opens again (%s)',
      async (thread) => {
        const store = await open();
        await store.write([result('kept', { cat: 0.5 })]);
        const lost = {
          code: 'STORE_UNAVAILABLE',
          message: expect.stringContaining(`its ${thread} was killed`) as string,
        };
        const waiting = [
          ...Array.from({ length: 50 }, (_, index) =>
            store.write([result(`w ${String(index)}`, { dog: 0.5 })]),
          ),
          ...Array.from({ length: 50 }, () => store.search(parseSearchQuery('cat'), { limit: 10 })),
        ];
        const settled = Promise.allSettled(waiting);
        const written = Promise.allSettled(waiting.slice(0, 50));
        await store.kill(thread);
        for (const each of await settled)
          if (each.status === 'rejected') expect(each.reason).toMatchObject(lost);
        expect(await store.exited).toMatchObject(lost);
        await expect(store.write([result('late')])).rejects.toMatchObject(lost);
        await expect(store.get('kept')).rejects.toMatchObject(lost);
        await expect(store.health()).rejects.toMatchObject(lost);
        await store.close();

        // No lock is left behind, and what was answered is there.
        const again = await open();
        expect(await again.get('kept')).toBeDefined();
        for (const [index, each] of (await written).entries())
          if (each.status === 'fulfilled') expect(await again.get(`w ${String(index)}`)).toBeDefined();
        expect(await again.write([result('after')])).toEqual(['stored']);
        await again.close();
      },
    );
  });
});
