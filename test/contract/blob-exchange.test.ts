import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore, type BlobRef } from '../../src/model/blob-store.ts';
import { BlobExchange, type BlobExchangeOptions } from '../../src/transport/blob-exchange.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { serve } from '../../src/transport/requests.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

const run = 'train-1';

interface Peer {
  readonly connection: Connection;
  readonly exchange: BlobExchange;
  readonly blobs: BlobStore;
  readonly folder: string;
}

let nats: TestNats;
let folder: string;
const peers: Peer[] = [];

beforeEach(async () => {
  nats = await startNats();
  folder = await mkdtemp(join(tmpdir(), 'autotag-blobs-'));
});

afterEach(async () => {
  await Promise.all(peers.splice(0).map(({ connection }) => connection.close()));
  await nats.stop();
  await rm(folder, { recursive: true });
});

/** A node with a blob store of its own that answers whoever asks for a blob. */
const peer = async (name: string, options: BlobExchangeOptions = {}): Promise<Peer> => {
  const connection = await Connection.open({ url: nats.url, role: 'node', name });
  const exchange = await BlobExchange.open(connection, options);
  const blobs = new BlobStore(join(folder, name));
  await serve(connection, 'blobOffer', { node: name }, async (wish) => ({
    there: await exchange.answer(wish.run, wish.id, blobs),
  })).ready;
  const made = { connection, exchange, blobs, folder: join(folder, name) };
  peers.push(made);
  return made;
};

const stored = async ({ connection }: Peer) => {
  const manager = await clientOf(connection).jetstreamManager();
  return (await manager.streams.info('OBJ_autotag-blobs')).state;
};

const content = (bytes: number, seed = 1) => {
  const filled = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4) filled.writeUInt32LE((at * 2_654_435_761 + seed) >>> 0, at);
  return filled;
};

const wish = (blob: BlobRef, holder = 'n1') => ({ run, blob, holder });

test('a blob comes from the node that has it, whole, and is cleared with its run', async () => {
  const [one, two] = [await peer('n1'), await peer('n2')];
  for (const bytes of [0, 4, 3_000_000]) {
    const blob = await one.blobs.put([content(bytes)]);
    await Promise.all([two.exchange.fetch(wish(blob), two.blobs), two.exchange.fetch(wish(blob), two.blobs)]);
    expect((await two.blobs.read(blob.id)).equals(content(bytes))).toBe(true);
    await two.exchange.fetch(wish(blob, 'nobody'), two.blobs);
  }
  expect((await stored(one)).bytes).toBeGreaterThan(3_000_000);
  await one.exchange.clear(run);
  expect(await stored(one)).toMatchObject({ messages: 0 });
  expect(await readdir(two.folder)).toHaveLength(3);
});

test('a blob that was offered needs nobody to ask', async () => {
  const [one, two] = [await peer('n1'), await peer('n2')];
  const blob = await one.blobs.put([content(100)]);
  await one.exchange.offer(run, blob.id, one.blobs);
  await one.connection.close();
  await two.exchange.fetch(wish(blob), two.blobs);
  await two.exchange.remove(run, blob.id);
  expect(await stored(two)).toMatchObject({ messages: 0 });
});

test('a damaged object is asked for again', async () => {
  const [one, two] = [await peer('n1'), await peer('n2')];
  const blob = await one.blobs.put([content(1_200_000)]);
  const manager = await clientOf(one.connection).jetstreamManager();
  await one.exchange.offer(run, blob.id, one.blobs);
  const { first_seq: first } = await stored(one);
  await manager.streams.deleteMessage('OBJ_autotag-blobs', first + 1, false);
  await two.exchange.fetch(wish(blob), two.blobs);
  expect(await two.blobs.read(blob.id)).toHaveLength(1_200_000);
});

test('a blob that its holder lacks, or has damaged, is lost; nothing is left of it', async () => {
  const [one, two] = [await peer('n1'), await peer('n2')];
  const missing = { id: 'e'.repeat(64), bytes: 3 };
  await expect(two.exchange.fetch(wish(missing), two.blobs)).rejects.toMatchObject({ code: 'BLOB_LOST' });
  await expect(two.exchange.fetch(wish(missing, 'n9'), two.blobs)).rejects.toMatchObject({
    code: 'NODE_UNAVAILABLE',
  });
  const blob = await one.blobs.put([content(100)]);
  await writeFile(one.blobs.path(blob.id), content(100, 2));
  await expect(two.exchange.fetch(wish(blob), two.blobs)).rejects.toMatchObject({ code: 'BLOB_LOST' });
  expect(await readdir(two.folder)).toEqual([]);
});

test('where there is little room the oldest blobs give way, and come again', async () => {
  const maxBytes = 4 * 1024 * 1024;
  const [one, two] = [await peer('n1', { maxBytes }), await peer('n2')];
  const blobs = await Promise.all([1, 2, 3, 4, 5].map((seed) => one.blobs.put([content(1_500_000, seed)])));
  for (const { id } of blobs) await one.exchange.offer(run, id, one.blobs);
  expect((await stored(one)).bytes).toBeLessThanOrEqual(maxBytes);
  for (const blob of blobs) await two.exchange.fetch(wish(blob), two.blobs);
  expect(await readdir(two.folder)).toHaveLength(5);
});

test('a restart of the server in the middle costs nothing but time', async () => {
  const [one, two] = [await peer('n1'), await peer('n2')];
  const blob = await one.blobs.put([content(24_000_000)]);
  const begun = two.exchange.fetch(wish(blob), two.blobs);
  begun.catch(() => undefined);
  await until(async () => (await stored(one)).messages > 3);
  await nats.kill();
  await nats.start();
  await begun.catch(() => undefined);
  await until(async () =>
    two.exchange.fetch(wish(blob), two.blobs).then(
      () => true,
      () => false,
    ),
  );
  expect(await two.blobs.has(blob.id)).toBe(true);
});
