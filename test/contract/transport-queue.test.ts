import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/transport/connection.ts';
import type { PhotoDelivery } from '../../src/transport/photo-delivery.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
const open: Connection[] = [];

beforeEach(async () => {
  nats = await startNats();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await nats.stop();
});

const connected = async (role: 'node' | 'submitter' = 'node') => {
  const connection = await Connection.open({ url: nats.url, role, name: 'test' });
  open.push(connection);
  return connection;
};

const photo = (text: string) => new TextEncoder().encode(text);

describe('submit', () => {
  test('stores a photo once, whatever its id, and gives it back whole', async () => {
    const queue = await PhotoQueue.open(await connected());
    const submitter = new PhotoSubmitter(await connected('submitter'));
    const ids = ['a.b.c', 'with spaces', '*', '>', 'x/y/../z', '🏖️ Ünïcode', 'é'.repeat(128), ' padded '];
    for (const id of ids)
      await submitter.submit({ id, bytes: photo(`bytes of ${id}`), file: `${id}\n.jpg`, client: 'me' });
    const seen = new Map<string, PhotoDelivery>();
    const puller = queue.pull((delivery) => seen.set(delivery.id, delivery), { window: 100 });
    await until(() => seen.size === ids.length);
    for (const id of ids) {
      const delivery = seen.get(id)!;
      expect(new TextDecoder().decode(delivery.bytes)).toBe(`bytes of ${id}`);
      expect(delivery.bytes.buffer.byteLength).toBe(delivery.bytes.byteLength);
      expect(delivery).toMatchObject({
        file: `${id}\n.jpg`,
        client: 'me',
        deliveryCount: 1,
        fault: undefined,
      });
      await delivery.ack();
    }
    await until(async () => (await queue.status()).messages === 0);
    expect(await queue.status()).toMatchObject({ inFlight: 0, waiting: 0 });
    await puller.stop();
  });

  test('takes the same id and bytes as one, other bytes or a rerun as another', async () => {
    const queue = await PhotoQueue.open(await connected());
    const submitter = new PhotoSubmitter(await connected('submitter'));
    const first = await submitter.submit({ id: 'p', bytes: photo('1') });
    expect(await submitter.submit({ id: 'p', bytes: photo('1') })).toEqual({ ...first, duplicate: true });
    expect(await submitter.submit({ id: 'p', bytes: photo('2') })).toMatchObject({ duplicate: false });
    expect(await submitter.submit({ id: 'p', bytes: photo('1'), rerun: 1 })).toMatchObject({
      duplicate: false,
    });
    expect((await queue.status()).messages).toBe(3);
  });

  test('drops a double inside the window even after the first was acknowledged', async () => {
    const queue = await PhotoQueue.open(await connected());
    const submitter = new PhotoSubmitter(await connected('submitter'));
    await submitter.submit({ id: 'p', bytes: photo('1') });
    let acked = 0;
    const puller = queue.pull((delivery) => void delivery.ack().then(() => (acked += 1)), { window: 1 });
    await until(() => acked === 1);
    expect(await submitter.submit({ id: 'p', bytes: photo('1') })).toMatchObject({ duplicate: true });
    await until(async () => (await queue.status()).messages === 0);
    await puller.stop();
  });

  test('refuses what is empty, too large or badly named before anything is sent', async () => {
    const submitter = new PhotoSubmitter(await connected('submitter'), { maxPhotoBytes: 10 });
    await expect(submitter.submit({ bytes: new Uint8Array() })).rejects.toMatchObject({
      code: 'PHOTO_EMPTY',
    });
    await expect(submitter.submit({ bytes: new Uint8Array(11) })).rejects.toMatchObject({
      code: 'PHOTO_TOO_LARGE',
    });
    await expect(submitter.submit({ bytes: photo('x'), id: 'a\nb' })).rejects.toMatchObject({
      code: 'PHOTO_ID',
    });
    await expect(submitter.submit({ bytes: photo('x'), id: 'x'.repeat(10_000) })).rejects.toMatchObject({
      code: 'PHOTO_ID',
    });
  });

  test('says that the queue is full, keeps what it took, and takes again when there is room', async () => {
    const queue = await PhotoQueue.open(await connected(), { maxBytes: 20_000 });
    const submitter = new PhotoSubmitter(await connected('submitter'));
    const send = (id: string) => submitter.submit({ id, bytes: new Uint8Array(8_000).fill(1) });
    await send('1');
    await send('2');
    await expect(send('3')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect((await queue.status()).messages).toBe(2);
    const puller = queue.pull((delivery) => void delivery.ack(), { window: 4 });
    await until(async () => (await queue.status()).messages === 0);
    expect(await send('3')).toMatchObject({ duplicate: false });
    await puller.stop();
  });

  test('a limit below what is stored refuses more and loses nothing', async () => {
    const queue = await PhotoQueue.open(await connected());
    const submitter = new PhotoSubmitter(await connected('submitter'));
    const send = (n: number) => submitter.submit({ id: String(n), bytes: new Uint8Array(1_000_000) });
    let stored = 0;
    for (; stored < 20; stored++) await send(stored);
    await queue.limit(0);
    expect((await queue.status()).messages).toBe(20);
    const more = async () => {
      for (; stored < 200; stored++) await send(stored);
    };
    await expect(more()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect((await queue.status()).messages).toBe(stored);
    await PhotoQueue.open(await connected(), { maxBytes: 1_000 });
    expect((await queue.status()).messages).toBe(stored);
    await queue.limit(-1);
    expect(await send(stored)).toMatchObject({ duplicate: false });
  });

  test('names the server that has no stream', async () => {
    const submitter = new PhotoSubmitter(await connected('submitter'), { timeoutMs: 500 });
    await expect(submitter.submit({ bytes: photo('x') })).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  });
});
