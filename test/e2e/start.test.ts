import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { parseNodeOptions } from '../../src/base/options.ts';
import { startNode } from '../../src/node.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { dataFolder } from '../support/data-folder.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

const clusters: ClusterNode[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cluster of clusters.splice(0)) await cluster.dispose();
});

async function started(...given: Parameters<typeof startClusterNode>): Promise<ClusterNode> {
  const cluster = await startClusterNode(...given);
  clusters.push(cluster);
  return cluster;
}

/** A port that somebody listens on. */
async function takenPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, free: () => new Promise((resolve) => server.close(resolve)) };
}

test.each(['port', 'httpPort'] as const)('%s in use: says so, and leaves nothing running', async (option) => {
  const { port, free } = await takenPort();
  try {
    await expect(started({ [option]: port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port },
    });
  } finally {
    await free();
  }
});

test('without nats-server: says how to get one', async () => {
  vi.stubEnv('AUTOTAG_NATS_SERVER', '/nowhere/nats-server');
  await expect(started()).rejects.toMatchObject({ code: 'NATS_MISSING' });
});

test('with a nats-server that does not answer: says so', async () => {
  const { port, free } = await takenPort();
  await free();
  const start = started({ nats: `nats://node:secret@127.0.0.1:${String(port)}` });
  await expect(start).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  await expect(start).rejects.not.toThrow('secret');
});

test('on a data folder in use: names the process, and does not disturb it', async () => {
  const cluster = await started();
  const options = parseNodeOptions({ data: cluster.data.path, logLevel: 'error' });
  await expect(startNode(options)).rejects.toMatchObject({
    code: 'DATA_LOCKED',
    details: { pid: String(process.pid) },
  });
  const client = await cluster.connect();
  await client.submit({ id: 'undisturbed', bytes: await numbered(1) });
  await until(() => client.results.has('undisturbed'));
});

test('on a data folder that cannot be made: says so', async () => {
  const options = parseNodeOptions({ data: '/dev/null/data', logLevel: 'error' });
  await expect(startNode(options)).rejects.toMatchObject({ code: 'DATA_FOLDER' });
});

test('after a failed start the folder is free, and no nats-server is left', async () => {
  const data = await dataFolder();
  const { port, free } = await takenPort();
  try {
    const options = parseNodeOptions({ data: data.path, port, httpPort: 0, logLevel: 'error' });
    await expect(startNode(options)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    // Not DATA_LOCKED.
    await expect(startNode(options)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect(await data.natsServer()).toBeUndefined();
  } finally {
    await free();
    await data.remove();
  }
});

test('on a disk that is almost full: runs, and refuses photos in a sentence', async () => {
  const cluster = await started({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
  const client = await cluster.connect();
  await expect(client.submit({ bytes: await numbered(1) })).rejects.toMatchObject({
    code: expect.stringMatching(/QUEUE_FULL|DISK_RESERVE/) as unknown,
    message: expect.stringContaining('disk') as unknown,
  });
  expect(await client.status()).toMatchObject({ queue: { photos: 0 } });
});
