import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { Attempts } from '../../src/transport/attempts.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { DeadLetters } from '../../src/transport/dead-letters.ts';
import type { PhotoDelivery } from '../../src/transport/photo-delivery.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;
let queue: PhotoQueue;
let letters: DeadLetters;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  queue = await PhotoQueue.open(connection, { ackWaitMs: 1_000 });
  letters = await DeadLetters.open(connection);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

const damaged = new Fault('PHOTO_DAMAGED', { reason: 'ends after 12 bytes — früh' });

/** Submits photos and takes them off the queue under lease. */
const taken = async (...ids: string[]): Promise<PhotoDelivery[]> => {
  const submitter = new PhotoSubmitter(connection);
  for (const id of ids) {
    const photo = { id, file: `${id}.jpg`, client: 'c', bytes: new TextEncoder().encode(`of ${id}`) };
    await submitter.submit(photo);
  }
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: ids.length });
  await until(() => held.length === ids.length);
  await puller.stop();
  return held;
};

test('a buried photo is off the queue and kept with its bytes and reason, even when its memory was given away', async () => {
  const [photo] = await taken('Strand 🏖️.*>');
  structuredClone(photo!.bytes, { transfer: [photo!.bytes.buffer] });
  expect(photo!.bytes.length).toBe(0);
  await letters.bury(photo!, { fault: damaged, attempts: 3 });
  await until(async () => (await queue.status()).messages === 0);
  const { letters: all, next } = await letters.list({ limit: 10 });
  expect(next).toBeUndefined();
  expect(all).toMatchObject([
    {
      id: 'Strand 🏖️.*>',
      file: 'Strand 🏖️.*>.jpg',
      client: 'c',
      code: 'PHOTO_DAMAGED',
      message: damaged.message,
      attempts: 3,
      rerun: 0,
      bytes: new TextEncoder().encode('of Strand 🏖️.*>').length,
      submittedAt: photo!.submittedAt,
    },
  ]);
  const { photo: bytes, letter } = await letters.show(all[0]!.sequence);
  expect(new TextDecoder().decode(bytes)).toBe('of Strand 🏖️.*>');
  expect(letter).toEqual(all[0]);
});

test('burying twice, as after a lost answer, makes one letter', async () => {
  const [photo] = await taken('p');
  const burial = { fault: damaged, attempts: 1 };
  const twin = Object.assign(Object.create(photo!) as PhotoDelivery, { terminate: () => Promise.resolve() });
  await letters.bury(twin, burial);
  await letters.bury(photo!, burial);
  expect(await letters.status()).toMatchObject({ messages: 1, oldestAt: expect.any(Number) as number });
  await until(async () => (await queue.status()).messages === 0);
});

test('a retry inside the duplicate window is queued, again and again', async () => {
  let [photo] = await taken('p');
  for (let rerun = 0; rerun < 3; rerun++) {
    expect(photo!.rerun).toBe(rerun);
    await letters.bury(photo!, { fault: damaged, attempts: 1 });
    const [letter] = (await letters.list({ limit: 1 })).letters;
    await letters.retry(letter!.sequence);
    expect(await letters.status()).toMatchObject({ messages: 0, oldestAt: undefined });
    const held: PhotoDelivery[] = [];
    const puller = queue.pull((delivery) => held.push(delivery), { window: 1 });
    await until(() => held.length === 1);
    await puller.stop();
    photo = held[0];
    expect(photo).toMatchObject({ id: 'p', file: 'p.jpg', client: 'c' });
    expect(new TextDecoder().decode(photo!.bytes)).toBe('of p');
  }
});

test('lists by pages and by photo, removes one or all of a photo', async () => {
  const photos = await taken('a', 'b', 'c', 'd', 'e');
  for (const photo of photos) await letters.bury(photo, { fault: damaged, attempts: 1 });
  const ids: string[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await letters.list({ limit: 2, after });
    ids.push(...page.letters.map(({ id }) => id));
    after = page.next;
  }
  expect(ids).toEqual(['a', 'b', 'c', 'd', 'e']);
  const ofC = await letters.list({ limit: 10, id: 'c' });
  expect(ofC.letters.map(({ id }) => id)).toEqual(['c']);
  await letters.remove(ofC.letters[0]!.sequence);
  await expect(letters.remove(ofC.letters[0]!.sequence)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(letters.show(ofC.letters[0]!.sequence)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(letters.retry(99)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await letters.removePhoto('d')).toBe(1);
  expect(await letters.removePhoto('never seen')).toBe(0);
  expect((await letters.list({ limit: 10 })).letters.map(({ id }) => id)).toEqual(['a', 'b', 'e']);
});

test('a photo stays in the queue if the dead letters are full', async () => {
  const manager = await clientOf(connection).jetstreamManager();
  await manager.streams.delete('AUTOTAG_DEAD');
  const full = await DeadLetters.open(connection, { maxBytes: 1_000 });
  const submitter = new PhotoSubmitter(connection);
  await submitter.submit({ id: 'big', bytes: new Uint8Array(2_000) });
  const held: PhotoDelivery[] = [];
  const puller = queue.pull((photo) => held.push(photo), { window: 1 });
  await until(() => held.length === 1);
  await expect(full.bury(held[0]!, { fault: damaged, attempts: 1 })).rejects.toMatchObject({
    code: 'QUEUE_FULL',
  });
  expect(held[0]!.settled).toBe(false);
  expect((await queue.status()).messages).toBe(1);
  await puller.stop();
});

test('attempts are counted for a submit, by all nodes together, and outlive them', async () => {
  const attempts = await Attempts.open(connection);
  const other = await Attempts.open(connection);
  const submit = { epoch: queue.epoch, sequence: 7 };
  const counts = await Promise.all(
    [attempts, other, attempts, other].map((one) => one.charge(submit, damaged)),
  );
  expect(counts.sort()).toEqual([1, 2, 3, 4]);
  expect(await (await Attempts.open(connection)).count(submit)).toBe(4);
  expect(await attempts.count({ ...submit, epoch: submit.epoch + 1 })).toBe(0);
  await attempts.clear(submit);
  expect(await attempts.count(submit)).toBe(0);
  expect(await attempts.charge(submit, damaged)).toBe(1);
});
