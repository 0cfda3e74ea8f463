import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ResultPublisher } from '../../src/transport/result-publisher.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm } from '../support/http-client.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
const sockets: Socket[] = [];

beforeAll(async () => {
  cluster = await startClusterNode({ httpRate: 1_000 });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await cluster.dispose();
});

/** Opens a connection and begins a request on it. */
function begin(text: string): Socket {
  const { hostname, port } = new URL(cluster.node.httpUrl);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.write(text);
  sockets.push(socket);
  return socket;
}

test('a reader of events that does not read is cut off; others hear everything', async () => {
  const request = 'GET /api/v1/events?topics=results HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const [slow, quick] = [begin(request).pause(), begin(request)];
  let heard = 0;
  quick.on('data', (chunk: Buffer) => {
    heard += chunk.length;
  });
  await until(() => heard > 0);
  const node = { url: cluster.node.url, dataFolder: cluster.data.path };
  const client = await ClusterClient.open(node, 'node');
  const publisher = new ResultPublisher(client.connection);
  const tag = 't'.repeat(256 * 1024);
  const results = 96;
  for (let number = 1; number <= results; number += 1) {
    const owner = { id: `photo ${String(number)}`, file: undefined, client: undefined };
    publisher.publish(owner, { model: 'm', tags: [{ tag, score: 1 }] });
    await until(() => heard > number * tag.length);
  }
  await client.close();
  let bytes = 0;
  slow.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  slow.resume();
  await until(() => slow.destroyed);
  expect(bytes).toBeLessThan(results * tag.length);
  expect(quick.destroyed).toBe(false);
});

test('a thousand clients that never finish their requests keep nobody from being served', async () => {
  const parts = ['GET /api/v1/search HTTP/1.1\r\n', 'POST /api/v1/photos HTTP/1.1\r\nContent-Length: 9\r\n'];
  const slow = Array.from({ length: 1_000 }, (_, index) => begin(parts[index % 2]!));
  await until(() => slow.every(({ connecting }) => !connecting));
  const http = new HttpClient(cluster.node.httpUrl);
  const form = photoForm([{ file: 'a.jpg', id: 'in between', bytes: await numbered(1) }]);
  expect((await http.send('/photos?wait=true', { form })).status).toBe(200);
});

test('whoever asks too often is told when to go on', async () => {
  const http = new HttpClient(cluster.node.httpUrl);
  const ask = async () => await http.send('/session');
  await until(async () =>
    (await Promise.all(Array.from({ length: 100 }, ask))).some(({ status }) => status === 429),
  );
  const { body, headers } = await ask();
  expect(body).toMatchObject({ error: { code: 'RATE_LIMIT', retry: true } });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
});
