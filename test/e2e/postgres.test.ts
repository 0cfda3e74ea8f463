import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { numbered } from '../support/photos.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

let server: TestPostgres;
let url: string;
let cluster: ClusterNode;

beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  cluster = await startClusterNode({ storeUrl: url });
});
afterAll(async () => {
  await cluster.dispose();
  await server.stop();
});

test('tags are in the database, and photos that come while it is dead are tagged when it is back', async () => {
  const client = await cluster.connect();
  const submit = async (id: string, number: number) => client.submit({ id, bytes: await numbered(number) });
  await submit('before', 1);
  await until(() => client.results.has('before'));

  await server.kill();
  for (const number of [2, 3, 4]) await submit(`during ${String(number)}`, number);
  await expect(client.photo('before')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
  await server.start();
  await until(() => client.results.size === 4);

  const store = await PostgresTagStore.open({ url });
  try {
    expect(await store.stats()).toMatchObject({ photos: 4 });
    const { tags } = (await store.get('during 2')) ?? {};
    expect(await client.photo('during 2')).toMatchObject({ result: { tags } });
    expect(await client.ask('forget', {}, { id: 'during 2' })).toMatchObject({ stored: 1, deadLetters: 0 });
    expect(await store.get('during 2')).toBeUndefined();
    expect(await client.status()).toMatchObject({ store: { photos: 3, tombstones: 1 } });
  } finally {
    await store.close();
  }
});

test('what a node shows of its options holds no password', async () => {
  const client = await cluster.connect();
  const config = JSON.stringify(await client.inspect('config'));
  expect(config).toContain(`postgresql://127.0.0.1:${String(server.port)}/autotag_1`);
  expect(config).not.toContain(encodeURIComponent(server.password));
});
