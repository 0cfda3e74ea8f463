import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { openNodeLink, type NodeLink, type NodeLinkOptions } from '../../src/transport/node-link.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { readStored } from '../../src/transport/stored-message.ts';
import { startNats } from '../support/nats.ts';
import { clusterObstacle, startNatsCluster, type NatsCluster } from '../support/nats-cluster.ts';
import { until } from '../support/until.ts';

let cluster: NatsCluster;
const open: Connection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

const linkTo = async (url: string, options: Partial<NodeLinkOptions> = {}) => {
  const link = await openNodeLink({ url, name: 'n1', ...options });
  open.push(link.connection);
  return link;
};

/** How many replicas each stream has. */
const replicas = async ({ connection }: NodeLink) => {
  const { streams } = await clientOf(connection).jetstreamManager();
  const found = new Map<string, number>();
  // Not the list of streams: in a cluster that is what comes in time.
  for await (const stream of streams.names())
    found.set(stream, (await streams.info(stream)).config.num_replicas);
  return found;
};

const streamInfo = async ({ connection }: NodeLink) =>
  await (await clientOf(connection).jetstreamManager()).streams.info(names.photos);

/** Resolves when all replicas of the photos have everything: before, a new one has no vote. */
const untilCurrent = async (link: NodeLink) => {
  await until(async () => {
    const { cluster: raft } = await streamInfo(link);
    return raft?.replicas?.length === 2 && raft.replicas.every(({ current }) => current);
  }, 40_000);
};

const submitterOf = async (url = cluster.token('submitter')) => {
  const options = { url, role: 'submitter', name: 'test' } as const;
  const connection = await Connection.open(options);
  open.push(connection);
  return new PhotoSubmitter(connection, { timeoutMs: 20_000 });
};

const skipped = clusterObstacle !== undefined;
const why = clusterObstacle === undefined ? '' : `, not tested here: ${clusterObstacle}`;

beforeAll(async () => {
  if (!skipped) cluster = await startNatsCluster();
}, 60_000);

afterAll(async () => {
  if (!skipped) await cluster.stop();
});

describe.skipIf(skipped)(`three servers, as they are documented${why}`, () => {
  test('keep three copies of everything', async () => {
    const copies = await replicas(await linkTo(cluster.token('node')));
    expect(copies.size).toBeGreaterThan(5);
    expect([...copies]).toEqual([...copies.keys()].map((name) => [name, 3]));
  }, 60_000);

  test('what was acknowledged is read at once, also from a server that was stopped meanwhile', async () => {
    const leader = (await streamInfo(await linkTo(cluster.token('node')))).cluster?.leader;
    const [slow] = ['s1', 's2', 's3'].filter((name) => name !== leader) as [string];
    const others = cluster.servers.filter((_, index) => `s${String(index + 1)}` !== slow);
    const at = cluster.servers.filter((server) => !others.includes(server));
    const reader = await Connection.open({ url: cluster.token('node', at), role: 'node', name: 'test' });
    open.push(reader);
    const submitter = await submitterOf(cluster.token('submitter', others));
    for (let number = 0; number < 100; number++) {
      const bytes = new Uint8Array([number]);
      cluster.pause(slow, 'SIGSTOP');
      const { sequence } = await submitter.submit({ id: `read ${String(number)}`, bytes });
      const read = readStored(reader, names.photos, sequence);
      cluster.pause(slow, 'SIGCONT');
      expect((await read)?.bytes).toEqual(bytes);
    }
    expect(await readStored(reader, names.photos, 1_000_000)).toBeUndefined();
  }, 60_000);

  test('the leader of the photos is killed: publishing goes on within 20 s, and no acknowledged photo is lost or doubled', async () => {
    const link = await linkTo(cluster.token('node'));
    await untilCurrent(link);
    const leader = (await streamInfo(link)).cluster?.leader ?? '';
    const submitter = await submitterOf();
    const acknowledged: string[] = [];
    const submit = async (count: number) => {
      for (let left = count; left > 0; left--) {
        const id = `through ${String(acknowledged.length)}`;
        // A submit that has not come through within 20 s fails.
        await submitter.submit({ id, bytes: new Uint8Array([left]) });
        acknowledged.push(id);
      }
    };
    await submit(50);
    await Promise.all([submit(50), cluster.kill(leader)]);
    await submit(50);
    const taken = new Map<string, Set<number>>();
    const puller = link.queue.pull(
      (photo) => {
        taken.set(photo.id, (taken.get(photo.id) ?? new Set()).add(photo.sequence));
        void photo.ack();
      },
      { window: 64 },
    );
    await until(() => acknowledged.every((id) => taken.has(id)), 40_000);
    await until(async () => (await link.queue.status()).messages === 0, 40_000);
    await puller.stop();
    expect(acknowledged.filter((id) => taken.get(id)?.size !== 1)).toEqual([]);
    await cluster.start(leader);
    await untilCurrent(link);
  }, 120_000);

  test('nobody comes in without a password, and each role may what it may on one server', async () => {
    await submitterOf();
    await expect(PhotoQueue.open(open.at(-1)!)).rejects.toMatchObject({ code: 'NATS_DENIED' });
    await expect(connect({ servers: [...cluster.servers] })).rejects.toThrow();
  });
});

describe.skipIf(skipped)(`three servers that held one copy${why}`, () => {
  test('what was stored with one copy gets three, and keeps them', async () => {
    const grown = await startNatsCluster();
    try {
      const single = await linkTo(grown.token('node'), { replicas: 1 });
      const submitter = await submitterOf(grown.token('submitter'));
      for (let number = 0; number < 10; number++)
        await submitter.submit({ id: `early ${String(number)}`, bytes: new Uint8Array([number]) });
      const before = await replicas(single);
      expect([...before.values()].every((count) => count === 1)).toBe(true);
      const link = await linkTo(grown.token('node'));
      const after = await replicas(link);
      expect([...after.keys()]).toEqual([...before.keys()]);
      expect([...after]).toEqual([...after.keys()].map((name) => [name, 3]));
      await untilCurrent(link);
      expect((await link.queue.status()).messages).toBe(10);
      expect(await replicas(await linkTo(grown.token('node'), { replicas: 1 }))).toEqual(after);
    } finally {
      await grown.stop();
    }
  }, 120_000);
});

describe('one server', () => {
  test('keeps one copy, and refuses more in a sentence', async () => {
    const nats = await startNats();
    try {
      const more = await linkTo(nats.url, { replicas: 3 }).catch((error: unknown) => Fault.from(error).code);
      expect(more).toBe('REPLICAS');
      const link = await linkTo(nats.url);
      expect(link.connection.servers).toBe(1);
      expect([...(await replicas(link)).values()].every((count) => count === 1)).toBe(true);
    } finally {
      await nats.stop();
    }
  });
});
