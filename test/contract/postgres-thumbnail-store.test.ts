import { afterAll, beforeAll } from 'vitest';
import { PostgresThumbnailStore } from '../../src/store/postgres-thumbnail-store.ts';
import type { ThumbnailStore } from '../../src/store/thumbnail-store.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { thumbnailStoreContract } from './thumbnail-store.contract.ts';

let server: TestPostgres;
const urls = new Map<ThumbnailStore, string>();

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.stop();
});

async function openAt(url: string): Promise<ThumbnailStore> {
  const store = await PostgresThumbnailStore.open(url);
  urls.set(store, url);
  return store;
}

thumbnailStoreContract('PostgreSQL', {
  create: async () => openAt(await server.createDatabase()),
  reopen: (store) => openAt(urls.get(store)!),
  destroy: (store) => store.close(),
});
