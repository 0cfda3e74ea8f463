import { afterAll, beforeAll } from 'vitest';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { correctionContract } from './correction.contract.ts';
import type { TagStoreHarness, TagStoreOptions } from './tag-store-harness.ts';
import { tagStoreContract } from './tag-store.contract.ts';

let server: TestPostgres;
const urls = new Map<TagStore, string>();

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.stop();
});

async function openAt(url: string, options: TagStoreOptions = {}): Promise<TagStore> {
  const store = await PostgresTagStore.open({ url, ...options });
  urls.set(store, url);
  return store;
}

const harness: TagStoreHarness = {
  create: async (options) => openAt(await server.createDatabase(), options),
  reopen: (store) => openAt(urls.get(store) ?? ''),
  destroy: (store) => store.close(),
};

tagStoreContract('PostgreSQL', harness);
correctionContract('PostgreSQL', harness);
