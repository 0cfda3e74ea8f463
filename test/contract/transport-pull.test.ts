import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection } from '../../src/transport/connection.ts';
import type { PhotoDelivery } from '../../src/transport/photo-delivery.ts';
import { handBackPauseMs } from '../../src/transport/lease.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { signal, untilGone } from '../../src/transport/server/server-process.ts';
import { clientOf } from '../../src/transport/client.ts';
import { hasLostTrack } from '../../src/transport/work-queue.ts';
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

/** Ends a server as an administrator does. */
const end = async (pid: number) => {
  signal(pid, 'SIGTERM');
  await untilGone(pid);
};

const untilAnswered = async <T>(ask: () => Promise<T>): Promise<T> => {
  let answer: { readonly value: T } | undefined;
  await until(async () => {
    answer = await ask().then(
      (value) => ({ value }),
      () => undefined,
    );
    return answer !== undefined;
  });
  return answer!.value;
};

const submitAll = async (count: number, bytes = 1_000) => {
  const submitter = new PhotoSubmitter(await connected('submitter'));
  const photos = Array.from({ length: count }, (_, n) => {
    const content = new Uint8Array(bytes);
    content.fill(n % 251);
    return { id: `p${String(n)}`, bytes: content };
  });
  await Promise.all(photos.map((photo) => submitter.submit(photo)));
};

test('never holds more than the window, and delivers each photo once', async () => {
  const queue = await PhotoQueue.open(await connected(), { maxAckPending: 1_000 });
  await submitAll(2_000);
  for (const window of [1, 3, 50]) {
    const seen = new Set<number>();
    let [held, most, twice] = [0, 0, 0];
    const puller = queue.pull(
      (photo) => {
        most = Math.max(most, ++held);
        if (seen.has(photo.sequence)) twice += 1;
        seen.add(photo.sequence);
        setImmediate(() => {
          held -= 1;
          void photo.ack();
        });
      },
      { window },
    );
    await until(() => seen.size >= 500);
    await puller.stop();
    await until(() => held === 0);
    expect(most).toBeLessThanOrEqual(window);
    expect(most).toBeGreaterThan(window / 2);
    expect(twice).toBe(0);
  }
});

test('asks for nothing while its window is full', async () => {
  const queue = await PhotoQueue.open(await connected(), { maxAckPending: 1_000 });
  await submitAll(20);
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: 7 });
  await until(() => held.length === 7);
  expect(await queue.status()).toMatchObject({ inFlight: 7, waiting: 13 });
  held[0]!.retry(60_000);
  await until(() => held.length === 8);
  expect(puller.held).toBe(7);
  puller.pause();
  held[1]!.retry(60_000);
  held[2]!.abandon();
  puller.resize(9);
  expect(held.length).toBe(8);
  puller.resume();
  await until(() => held.length === 12);
  await puller.stop();
});

test('a photo of a node that died comes again after its lease, and working() keeps the lease', async () => {
  const queue = await PhotoQueue.open(await connected(), { ackWaitMs: 1_000 });
  await submitAll(2);
  const lost = await connected();
  const dying = await PhotoQueue.open(lost, { ackWaitMs: 1_000 });
  const taken: PhotoDelivery[] = [];
  dying.pull((photo) => taken.push(photo), { window: 1 });
  await until(() => taken.length === 1);
  await lost.close();
  const again: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => again.push(photo), { window: 2 });
  const renewal = setInterval(() => {
    again.find((photo) => photo.id !== taken[0]!.id)?.working();
  }, 200);
  await until(() => again.some((photo) => photo.sequence === taken[0]!.sequence));
  clearInterval(renewal);
  expect(again.map((photo) => photo.deliveryCount).sort()).toEqual([1, 2]);
  await puller.stop();
});

test('a photo that nobody can take does not go round in circles', async () => {
  const queue = await PhotoQueue.open(await connected());
  await submitAll(1);
  const started = performance.now();
  let deliveries = 0;
  const puller = queue.pull(
    (photo) => {
      deliveries = photo.deliveryCount;
      photo.retry();
    },
    { window: 1 },
  );
  await until(() => deliveries === 5);
  await puller.stop();
  // The server waits for as long as it is told.
  const pauses = [1, 2, 3, 4].map(handBackPauseMs);
  expect(performance.now() - started).toBeGreaterThan(pauses.reduce((sum, pauseMs) => sum + pauseMs));
});

test('one that is handed back for minutes is not given up', () => {
  const pauses = Array.from({ length: 20 }, (_, index) => handBackPauseMs(index + 1));
  expect(pauses[0]).toBe(0);
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  expect(pauses.reduce((sum, pauseMs) => sum + pauseMs)).toBeGreaterThan(5 * 60_000);
});

test('two pullers share, and what one hands back the other gets', async () => {
  const [one, two] = [await PhotoQueue.open(await connected()), await PhotoQueue.open(await connected())];
  const done = new Set<string>();
  const handedBack = new Set<string>();
  const first = one.pull(
    (photo) => {
      handedBack.add(photo.id);
      photo.retry(50);
    },
    { window: 4 },
  );
  await submitAll(40);
  await until(() => handedBack.size >= 4);
  const second = two.pull((photo) => void photo.ack().then(() => done.add(photo.id)), { window: 4 });
  await until(() => done.size > 5);
  await first.stop();
  await until(() => done.size === 40);
  await until(async () => (await two.status()).messages === 0);
  await second.stop();
});

test('survives kill -9 of the server: acknowledged submits are there, pulling goes on, acks are confirmed', async () => {
  const queue = await PhotoQueue.open(await connected(), { ackWaitMs: 3_000, maxAckPending: 500 });
  const submitter = new PhotoSubmitter(await connected('submitter'), { timeoutMs: 30_000, maxInFlight: 8 });
  const accepted = new Set<string>();
  const done = new Set<string>();
  const puller = queue.pull(
    (photo) => {
      photo.ack().then(
        () => done.add(photo.id),
        () => undefined,
      );
    },
    { window: 16 },
  );
  const submitting = Promise.all(
    Array.from({ length: 600 }, async (_, n) => {
      const { id } = await submitter.submit({ id: `p${String(n)}`, bytes: new Uint8Array(20_000).fill(n) });
      accepted.add(id);
    }),
  );
  for (const share of [100, 300]) {
    await until(() => accepted.size > share);
    await nats.kill();
    await nats.start();
  }
  await submitting;
  await until(() => done.size === 600);
  await until(async () => (await queue.status()).messages === 0);
  expect(accepted.size).toBe(600);
  await puller.stop();
});

test('an ack that was on its way when the server died is confirmed after it is back', async () => {
  const queue = await PhotoQueue.open(await connected(), { ackWaitMs: 60_000 });
  await submitAll(1);
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: 1 });
  await until(() => held.length === 1);
  await nats.kill();
  const acked = held[0]!.ack();
  await nats.start();
  await acked;
  // Newer servers confirm an acknowledgement before the stream has dropped the photo.
  await until(async () => (await queue.status()).messages === 0);
  expect(held.length).toBe(1);
  await puller.stop();
});

test('goes on after the consumer was deleted under it', async () => {
  const connection = await connected();
  const queue = await PhotoQueue.open(connection);
  const done = new Set<string>();
  const puller = queue.pull((photo) => void photo.ack().then(() => done.add(photo.id)), { window: 4 });
  await submitAll(5);
  await until(() => done.size === 5);
  const manager = await clientOf(connection).jetstreamManager();
  await manager.consumers.delete('AUTOTAG_PHOTOS', 'taggers');
  const submitter = new PhotoSubmitter(await connected('submitter'));
  await submitter.submit({ id: 'later', bytes: new Uint8Array(9) });
  await until(() => done.has('later'), 30_000);
  await puller.stop();
});

/** Ends the server as an administrator does, gives one part of its stream an older state, and starts it again. */
const forget = async (part: 'msgs' | 'obs', work: () => Promise<void>) => {
  const stored = join(nats.dataFolder, 'jetstream/$G/streams/AUTOTAG_PHOTOS', part);
  const copy = join(nats.dataFolder, 'copy');
  await end(nats.pid);
  await cp(stored, copy, { recursive: true });
  await nats.start();
  await work();
  await end(nats.pid);
  await cp(copy, stored, { recursive: true });
  await nats.start();
};

test.each([
  ['the removal of photos that are acknowledged', 'msgs'],
  ['the acknowledgement of photos that are removed', 'obs'],
] as const)(
  'finds out that a killed server has forgotten %s',
  async (_, part) => {
    const queue = await PhotoQueue.open(await connected());
    await submitAll(5);
    const held: PhotoDelivery[] = [];
    const puller = queue.pull((photo) => held.push(photo), { window: 8 });
    await until(() => held.length === 5);
    let before = await queue.status();
    expect(hasLostTrack(before, await queue.status())).toBe(false);
    await forget(part, async () => {
      await Promise.all(held.splice(0).map((photo) => photo.ack()));
      await until(async () => (await queue.status()).messages === 0);
    });
    before = await untilAnswered(() => queue.status());
    // Newer servers put that right by themselves, some time after they start.
    await until(async () => {
      await Promise.all(held.splice(0).map((photo) => photo.ack()));
      const now = await queue.status();
      if (hasLostTrack(before, now)) await queue.deliverAgain();
      before = now;
      return now.messages === 0 && now.inFlight === 0;
    }, 40_000);
    // Two more that the server cannot take for doubles.
    await submitAll(7);
    await until(() => ['p5', 'p6'].every((id) => held.some((photo) => photo.id === id)));
    await Promise.all(held.map((photo) => photo.ack()));
    await until(async () => (await queue.status()).messages === 0);
    await puller.stop();
  },
  90_000,
);

test('delivers a window of the largest photos whole', async () => {
  await nats.stop();
  nats = await startNats(['-c', 'test/support/large-payload.conf']);
  const queue = await PhotoQueue.open(await connected(), { ackWaitMs: 60_000 });
  const submitter = new PhotoSubmitter(await connected('submitter'));
  const size = 24 * 1024 * 1024;
  for (let n = 0; n < 3; n++)
    await submitter.submit({ id: String(n), bytes: new Uint8Array(size).fill(n + 1) });
  await expect(submitter.submit({ id: 'x', bytes: new Uint8Array(size + 1) })).rejects.toMatchObject({
    code: 'PHOTO_TOO_LARGE',
  });
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: 3 });
  await until(() => held.length === 3);
  for (const { id, bytes } of held) {
    expect(bytes.length).toBe(size);
    expect([bytes[0], bytes[size - 1]]).toEqual([Number(id) + 1, Number(id) + 1]);
  }
  await Promise.all(held.map((photo) => photo.ack()));
  await until(async () => (await queue.status()).messages === 0);
  await puller.stop();
});

test('a foreign client may publish plain bytes; a broken id header is a fault of that photo only', async () => {
  const connection = await connected();
  const queue = await PhotoQueue.open(connection);
  const { headers } = await import('nats');
  const broken = headers();
  broken.set('Autotag-Id', 'not base64!');
  const js = clientOf(connection).jetstream();
  await js.publish('autotag.v1.submit', new TextEncoder().encode('abc'));
  await js.publish('autotag.v1.submit', new TextEncoder().encode('def'), { headers: broken });
  await js.publish('autotag.v1.submit', new Uint8Array());
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: 5 });
  await until(() => held.length === 3);
  expect(held.map((photo) => photo.fault?.code)).toEqual([undefined, 'PHOTO_ID', 'PHOTO_EMPTY']);
  expect(held[0]!.id).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  await puller.stop();
});
