import { randomFillSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TreeNode } from '../../src/runtime/index.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import type { GivenOptions } from '../support/node-process.ts';
import { readMetric } from '../support/metrics.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;

const start = async (options?: GivenOptions) => {
  cluster = await startClusterNode(options);
  client = await cluster.connect();
};

afterEach(async () => {
  await cluster.dispose();
});

const submit = async (ids: readonly string[]) => {
  await Promise.all(
    ids.map(async (id, number) => client.submit({ id, bytes: await numbered(number), top: 3 })),
  );
};

const idsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, number) => `${name} ${String(number)}`);

const untilTagged = (ids: readonly string[]) =>
  until(() => ids.every((id) => client.results.has(id)), 40_000);

const rows = async () => ((await client.status())['store'] as { photos: number }).photos;

const kernelRuns = () => readMetric(cluster.node.httpUrl, 'autotag_kernel_runs_total');

describe('a node', () => {
  beforeEach(() => start());

  test('tags a photo once, stores one row, finds it, and counts it', async () => {
    const ids = idsOf('p', 20);
    await submit(ids);
    await untilTagged(ids);
    expect(await rows()).toBe(20);
    expect(await kernelRuns()).toBe(20);
    expect(await readMetric(cluster.node.httpUrl, 'autotag_photos_total', 'outcome="stored"')).toBe(20);
    const result = client.results.get('p 0')![0]!;
    expect(result).toMatchObject({ id: 'p 0', tags: expect.any(Array) as unknown });
    const { result: row } = await client.photo('p 0');
    const tag = row !== undefined && 'tags' in row ? row.tags[0] : undefined;
    if (tag !== undefined) {
      const { photos } = await client.ask('search', {}, { query: `"${tag.tag}"`, limit: 100 });
      expect(photos.map(({ id }) => id)).toContain('p 0');
    }
    await until(async () => (await client.status()).queue.photos === 0);
  });

  test('forgets a photo: its row, its features, and its dead letters', async () => {
    await submit(['gone', 'kept']);
    await client.submit({ id: 'gone', bytes: Buffer.from('no photo') });
    await untilTagged(['gone', 'kept']);
    await until(() => client.results.get('gone')!.length === 2);
    const erased = await client.ask('forget', {}, { id: 'gone' });
    expect(erased).toMatchObject({ stored: 1, features: 1, deadLetters: 1 });
    expect(await client.photo('gone')).toEqual({ dead: [] });
    expect((await client.photo('kept')).result).toBeDefined();
    await client.submit({ id: 'gone', bytes: await numbered(0), rerun: 1 });
    await until(() => client.results.get('gone')!.length === 3);
    expect((await client.photo('gone')).result).toBeDefined();
  });

  test('shows its actors, suspends and resumes them, and replaces what is killed', async () => {
    const names = (node: TreeNode): string[] => [
      node.name ?? node.id,
      ...(node.children ?? []).flatMap(names),
    ];
    const tree = names(await client.tree());
    for (const name of [
      'root',
      'photos',
      'dbwriter',
      'autotag-0',
      'thread-0',
      'models',
      'nats-server',
      'tag-store',
    ])
      expect(tree).toContain(name);
    expect(await client.inspect('state', 'photos')).toMatchObject({ held: [], waiting: 0 });
    await client.control('suspend', 'photos');
    await submit(['slow']);
    expect(await client.inspect('status', 'photos')).toMatchObject({ phase: 'suspended' });
    expect(client.results.has('slow')).toBe(false);
    await client.control('resume', 'photos');
    await untilTagged(['slow']);
    for (const name of ['thread-0', 'autotag-0', 'photos', 'dbwriter', 'models']) {
      const before = (await client.processes()).find((process) => process.name === name)!.pid;
      await client.control('kill', name);
      await until(async () => {
        // Services start again with what they stand on.
        const now = (await client.processes().catch(() => [])).find((process) => process.name === name);
        return now !== undefined && now.pid !== before && now.phase === 'running';
      });
      await submit([`after ${name}`]);
      await untilTagged([`after ${name}`]);
    }
    await expect(client.control('kill', 'nobody')).rejects.toMatchObject({ code: 'ACTOR_UNKNOWN' });
    await expect(client.control('explode', 'photos')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('lets a submitter send, search and look up, and nothing else', async () => {
    const submitter = await cluster.connect('submitter');
    await submitter.submit({ id: 'mine', bytes: await numbered(1) });
    await until(() => submitter.results.has('mine'));
    expect(await submitter.photo('mine')).toMatchObject({ result: { id: 'mine' } });
    expect(await submitter.status()).toMatchObject({ node: 'n1' });
    expect((await submitter.ask('search', {}, { query: 'nothing-like-this' })).photos).toEqual([]);
    const denied = { code: 'NATS_DENIED' };
    await expect(submitter.control('kill', 'thread-0')).rejects.toMatchObject(denied);
    await expect(submitter.inspect('tree')).rejects.toMatchObject(denied);
    await expect(submitter.ask('forget', {}, { id: 'mine' })).rejects.toMatchObject(denied);
    await expect(submitter.ask('deadList', {}, {})).rejects.toMatchObject(denied);
    expect((await client.photo('mine')).result).toBeDefined();
  });

  test('drains when it stops under load, within 10 s, and the next one goes on', async () => {
    const ids = idsOf('p', 150);
    await submit(ids);
    await until(() => client.results.size > 10);
    const started = performance.now();
    await cluster.node.stop();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await cluster.data.natsServer()).toBeUndefined();
    const tagged = new Set(client.results.keys());
    expect(tagged.size).toBeLessThan(ids.length);
    await cluster.restart();
    const again = await cluster.connect();
    await until(async () => (await again.status()).queue.photos === 0, 60_000);
    for (const id of ids) expect((await again.photo(id)).result, id).toBeDefined();
    expect(((await again.status())['store'] as { photos: number }).photos).toBe(ids.length);
    // What was handed back was delivered twice; what was done was not done again.
    for (const id of again.results.keys()) expect(tagged.has(id), id).toBe(false);
  });
});

test('a photo whose lease ran out while it was held is not run twice, and blocks nobody', async () => {
  await start({ ackWaitMs: 300 });
  await client.control('suspend', 'photos');
  const ids = idsOf('p', 12);
  await submit(ids);
  // Leases are not renewed meanwhile: the photos come again, to the same mailbox.
  await until(async () => {
    const { mailbox } = (await client.inspect('status', 'photos')) as { mailbox: { length: number } };
    return mailbox.length >= 2 * ids.length;
  });
  await client.control('resume', 'photos');
  await untilTagged(ids);
  const later = idsOf('later', 12);
  await submit(later);
  await untilTagged(later);
  await until(async () => (await client.status()).queue.photos === 0);
  expect(await rows()).toBe(24);
  expect(await kernelRuns()).toBe(24);
  expect(await client.inspect('state', 'photos')).toMatchObject({ held: [], waiting: 0 });
});

test('a full stream refuses photos in a sentence, keeps what it took, and takes photos again', async () => {
  await start({ queueBytes: 1024 * 1024, window: 4 });
  await client.control('suspend', 'photos');
  const accepted: string[] = [];
  const send = async (number: number) => {
    const id = `large ${String(number)}`;
    const bytes = Buffer.concat([await numbered(number), randomFillSync(Buffer.alloc(100_000))]);
    await client.submit({ id, bytes });
    accepted.push(id);
  };
  const fill = async () => {
    for (let number = 0; number < 100; number++) await send(number);
  };
  await expect(fill()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  expect(accepted.length).toBeGreaterThan(4);
  await client.control('resume', 'photos');
  await untilTagged(accepted);
  await until(async () => (await client.status()).queue.photos === 0);
  await send(1_000);
  await untilTagged(accepted);
  expect(await rows()).toBe(accepted.length);
});

test('a tagger that replaces one whose photos are still in the thread goes on when they are done', async () => {
  await start();
  const ids = idsOf('p', 8);
  for (let life = 0; life < 3; life++) {
    await submit(ids.map((id) => `${id} of ${String(life)}`));
    await until(async () => {
      const { taggers } = (await client.inspect('state', 'photos')) as { taggers: Record<string, number> };
      return Object.values(taggers).some((outstanding) => outstanding > 2);
    });
    await client.control('kill', 'autotag-0');
  }
  await untilTagged([0, 1, 2].flatMap((life) => ids.map((id) => `${id} of ${String(life)}`)));
  await until(async () => (await client.status()).queue.photos === 0);
});
