import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf } from '../../src/transport/client.ts';
import { openNodeLink } from '../../src/transport/node-link.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { clusterObstacle, startNatsCluster, type NatsCluster } from '../support/nats-cluster.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

const skipped = clusterObstacle !== undefined;
const why = clusterObstacle === undefined ? '' : `, not tested here: ${clusterObstacle}`;
const photos = 80;

describe.skipIf(skipped)(`a node on three servers${why}`, () => {
  let servers: NatsCluster;
  let cluster: ClusterNode;
  let client: ClusterClient;

  beforeAll(async () => {
    servers = await startNatsCluster();
    cluster = await startClusterNode({ nats: servers.token('node') });
    client = await ClusterClient.open({ url: servers.token('operator'), dataFolder: cluster.data.path });
  }, 90_000);

  afterAll(async () => {
    await client.close();
    await cluster.dispose();
    await servers.stop();
  }, 60_000);

  /** The server that leads the stream of photos. */
  const leader = async () => {
    const { connection } = await openNodeLink({ url: servers.token('node'), name: 'test' });
    const manager = await clientOf(connection).jetstreamManager();
    const { cluster: raft } = await manager.streams.info(names.photos);
    await connection.close();
    return raft?.leader ?? '';
  };

  test('tags every photo once, though the server that leads them is killed', async () => {
    const ids = Array.from({ length: photos }, (_, number) => `photo ${String(number)}`);
    const bytes = await Promise.all(ids.map((_, number) => numbered(number)));
    const submit = async (from: number, to: number) => {
      for (let number = from; number < to; number++)
        await client.submit({ id: ids[number]!, bytes: bytes[number]! });
    };
    const led = await leader();
    await submit(0, photos / 2);
    await Promise.all([servers.kill(led), submit(photos / 2, photos)]);
    await until(async () => (await client.status().catch(() => undefined))?.queue.photos === 0, 60_000);
    for (const id of ids) expect(await client.photo(id)).toMatchObject({ result: { id }, dead: [] });
    expect(await client.status()).toMatchObject({ store: { photos } });
    expect(await leader()).not.toBe(led);
  }, 180_000);
});
