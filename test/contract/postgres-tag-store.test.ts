import { afterAll, beforeAll } from 'vitest';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { tagStoreContract } from './tag-store.contract.ts';

let server: TestPostgres;
const urls = new Map<TagStore, string>();

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.stop();
});

async function openAt(url: string): Promise<TagStore> {
  const store = await PostgresTagStore.open({ url });
  urls.set(store, url);
  return store;
}

tagStoreContract('PostgreSQL', {
  create: async () => openAt(await server.createDatabase()),
  reopen: (store) => openAt(urls.get(store) ?? ''),
  destroy: (store) => store.close(),
});
