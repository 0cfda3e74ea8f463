import { readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Fault } from '../../../src/base/errors.ts';
import { sha256 } from '../../../src/base/ids.ts';
import { type BlobRef, BlobStore } from '../../../src/model/blob-store.ts';
import { temporaryFolder } from '../../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: BlobStore;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new BlobStore(join(folder.path, 'blobs'));
});
afterEach(() => folder.remove());

const bytes = (text: string) => Buffer.from(text);
const codeOf = (action: Promise<unknown>) =>
  action.then(
    () => 'no fault',
    (fault: unknown) => (fault as Fault).code,
  );

async function stored(): Promise<BlobRef[]> {
  const found: BlobRef[] = [];
  for await (const { id, bytes: length } of store.list()) found.push({ id, bytes: length });
  return found;
}

it('names a blob by its content, however it came in pieces', async () => {
  const blob = await store.put([bytes('one '), bytes(''), bytes('two')]);
  expect(blob).toEqual({ id: sha256('one two'), bytes: 7 });
  expect(await store.put([bytes('one two')])).toEqual(blob);
  expect(await stored()).toEqual([blob]);
  expect((await store.read(blob.id)).toString()).toBe('one two');
  expect(await store.has(blob.id)).toBe(true);
});

it('has an empty blob, and none before the first', async () => {
  expect(await stored()).toEqual([]);
  expect(await store.has(sha256(''))).toBe(false);
  expect(await store.put([])).toEqual({ id: sha256(''), bytes: 0 });
  expect(await store.has(sha256(''))).toBe(true);
});

it('streams, and shows nothing before the commit', async () => {
  const writer = await store.create();
  await writer.write(bytes('a'));
  expect(await stored()).toEqual([]);
  await writer.write(bytes('b'));
  expect(await writer.commit()).toEqual({ id: sha256('ab'), bytes: 2 });
  expect(await stored()).toHaveLength(1);
});

it('leaves nothing of what was given up, or of a writer that was killed', async () => {
  const given = await store.create();
  await given.write(bytes('a'));
  await given.abort();
  await given.abort();
  expect(await readdir(join(folder.path, 'blobs'))).toEqual([]);
  const killed = await store.create();
  await killed.write(bytes('b'));
  const { id } = await store.put([bytes('kept')]);
  await store.removePartial();
  expect(await readdir(join(folder.path, 'blobs'))).toEqual([id]);
  await killed.abort();
});

it('stores the same blob from many writers at once', async () => {
  const stores = Array.from({ length: 8 }, () => store.put([Buffer.alloc(100_000, 7)]));
  expect(new Set((await Promise.all(stores)).map(({ id }) => id)).size).toBe(1);
  expect(await stored()).toHaveLength(1);
});

it('refuses a damaged blob, and mends it when it is stored again', async () => {
  const { id } = await store.put([bytes('content')]);
  await truncate(store.path(id), 3);
  expect(await codeOf(store.read(id))).toBe('BLOB_DAMAGED');
  await writeFile(store.path(id), 'contemt');
  expect(await codeOf(store.read(id))).toBe('BLOB_DAMAGED');
  await store.put([bytes('content')]);
  expect((await store.read(id)).toString()).toBe('content');
});

it('tells when a blob was stored last', async () => {
  const { id } = await store.put([bytes('content')]);
  await utimes(store.path(id), 1, 1);
  await store.put([bytes('content')]);
  for await (const { modifiedAt } of store.list()) expect(modifiedAt).toBeGreaterThan(1_000_000);
});

it('misses what was removed, and what is no id', async () => {
  const { id } = await store.put([bytes('content')]);
  await store.remove(id);
  await store.remove(id);
  expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
  expect(() => store.path('../../etc/passwd')).toThrow('There is no blob "../../etc/passwd".');
});

it('says so when the folder cannot be written', async () => {
  await writeFile(join(folder.path, 'file'), '');
  expect(await codeOf(new BlobStore(join(folder.path, 'file')).put([]))).toBe('FILE_WRITE');
});
