import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResultWaiter } from '../../../src/transport/result-waiter.ts';
import { Connection } from '../../../src/transport/connection.ts';
import type { DeadLetter, PhotoResult } from '../../../src/transport/payloads.ts';
import type { Submitted } from '../../../src/transport/photo-submitter.ts';
import { serve, type ReplyOf } from '../../../src/transport/requests.ts';
import { ResultPublisher } from '../../../src/transport/result-publisher.ts';
import { startNats, type TestNats } from '../../support/nats.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { until } from '../../support/until.ts';

const timeoutMs = 60_000;
const tags = [{ tag: 'tabby', score: 0.9 }];
const stored: PhotoResult = { id: 'p', model: 'm', tags };
const expected = { id: 'p', file: 'a.jpg', anyResult: true };
const found = { id: 'p', file: 'a.jpg', model: 'm', tags };

function ack(duplicate = false): Submitted {
  return { id: 'p', sequence: 1, duplicate };
}

describe('waiting for results', () => {
  let nats: TestNats;
  let connection: Connection;
  let clock: SimulatedClock;
  let waiter: ResultWaiter;
  /** What a node answers for the photo, how much it says is queued, and how often it was asked. */
  let reply: ReplyOf<'photo'>;
  let queued: number;
  let asked: number;

  beforeEach(async () => {
    nats = await startNats();
    connection = await Connection.open({ url: nats.url, role: 'submitter', name: 'test' });
    clock = new SimulatedClock();
    [reply, queued, asked] = [{ dead: [] }, 0, 0];
    const photo = serve(connection, 'photo', {}, () => {
      asked += 1;
      return Promise.resolve(reply);
    });
    const status = serve(connection, 'status', {}, () => {
      const queue = { photos: queued, bytes: 0, maxBytes: -1, inFlight: 0 };
      return Promise.resolve({ node: 'n1', version: '1', queue, deadLetters: 0 });
    });
    await Promise.all([photo.ready, status.ready]);
    waiter = await ResultWaiter.open(connection, timeoutMs, clock);
  });

  afterEach(async () => {
    waiter.close();
    await connection.close();
    await nats.stop();
  });

  function publish(): void {
    new ResultPublisher(connection).publish(
      { id: 'p', file: 'sent-as.jpg', client: waiter.client },
      { model: 'm', tags },
    );
  }

  /** Goes `ms` ahead and waits until the node has been asked `times` altogether. */
  async function askedAfter(ms: number, times: number): Promise<void> {
    await clock.advance(ms);
    await until(() => asked >= times);
  }

  it('takes a result as it comes, for the file that was given', async () => {
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack());
    publish();
    expect(await expectation.result).toEqual(found);
    expect(clock.pending).toBe(0);
  });

  it('takes a result that is faster than the answer to the submit', async () => {
    const expectation = waiter.expect(expected);
    publish();
    expect(await expectation.result).toEqual(found);
    expectation.acknowledged(ack());
    expect(clock.pending).toBe(0);
  });

  it('tells one result to all files of the same bytes', async () => {
    const first = waiter.expect(expected);
    const second = waiter.expect({ ...expected, file: 'b.jpg' });
    publish();
    expect(await first.result).toEqual(found);
    expect(await second.result).toEqual({ ...found, file: 'b.jpg' });
  });

  it('asks for a result that was lost, not before a while', async () => {
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack());
    await clock.advance(4_900);
    expect(asked).toBe(0);
    await askedAfter(200, 1);
    reply = { result: stored, dead: [] };
    await until(() => clock.pending > 0);
    await askedAfter(30_000, 2);
    expect(await expectation.result).toEqual(found);
  });

  it('asks at once for a photo that was queued before', async () => {
    reply = { result: stored, dead: [] };
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack(true));
    await clock.advance(0);
    expect(await expectation.result).toEqual(found);
  });

  it('finds its own dead letter, and not an older one', async () => {
    const letter: DeadLetter = {
      sequence: 1,
      id: 'p',
      client: 'another',
      rerun: 0,
      bytes: 1,
      code: 'PHOTO_FORMAT',
      message: 'Old.',
      attempts: 1,
      submittedAt: 0,
      buriedAt: 0,
    };
    reply = { dead: [letter] };
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack());
    await askedAfter(5_000, 1);
    await until(() => clock.pending > 0);
    reply = { dead: [letter, { ...letter, sequence: 2, client: waiter.client, message: 'New.' }] };
    await askedAfter(30_000, 2);
    expect(await expectation.result).toEqual({
      id: 'p',
      file: 'a.jpg',
      error: { code: 'PHOTO_FORMAT', message: 'New.' },
    });
  });

  it('does not take an older result of a name while photos are queued', async () => {
    reply = { result: stored, dead: [] };
    queued = 1;
    const expectation = waiter.expect({ ...expected, anyResult: false });
    expectation.acknowledged(ack());
    await askedAfter(5_000, 1);
    await until(() => clock.pending > 0);
    queued = 0;
    await askedAfter(30_000, 2);
    expect(await expectation.result).toEqual(found);
  });

  it('asks at once after the connection was broken', async () => {
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack());
    await nats.kill();
    await until(() => !connection.connected);
    reply = { result: stored, dead: [] };
    await nats.start();
    await until(() => connection.connected);
    await until(async () => {
      await clock.advance(0);
      return asked > 0;
    });
    expect(await expectation.result).toEqual(found);
  });

  it('gives up at its time, and not for good', async () => {
    const expectation = waiter.expect(expected);
    expectation.acknowledged(ack());
    let result: PhotoResult | undefined;
    void expectation.result.then((value) => (result = value));
    await until(async () => {
      if (clock.monotonic() < timeoutMs) await clock.advance(1_000);
      return result !== undefined;
    });
    expect(result).toMatchObject({ file: 'a.jpg', error: { code: 'RESULT_TIMEOUT' } });
    expect(clock.pending).toBe(0);
  });
});
