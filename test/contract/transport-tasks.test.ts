import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import type { QueuedTask, RunRecord, TaskRecord } from '../../src/transport/payloads.ts';
import { RunRecords } from '../../src/transport/run-records.ts';
import type { TaskDelivery } from '../../src/transport/task-delivery.ts';
import { TaskQueue } from '../../src/transport/task-queue.ts';
import { TaskRecords } from '../../src/transport/task-records.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

const taskOf = (key: string, run = 'train-1'): QueuedTask => ({
  run,
  node: 'n1',
  kind: 'learn',
  key,
  parameters: { rows: 3 },
  inputs: [{ id: 'a'.repeat(64), bytes: 5 }],
});

describe('the queue of tasks', () => {
  const pulled = (queue: TaskQueue, window = 8) => {
    const held: TaskDelivery[] = [];
    return { held, puller: queue.pull((delivery) => held.push(delivery), { window }) };
  };

  test('holds a task once until it is done, then takes it again', async () => {
    const queue = await TaskQueue.open(connection);
    expect(await queue.add(taskOf('learn/0'))).toBe(true);
    expect(await queue.add(taskOf('learn/0'))).toBe(false);
    expect(await queue.add(taskOf('learn/1'))).toBe(true);
    expect(await queue.add(taskOf('learn/0', 'train-2'))).toBe(true);
    const { held, puller } = pulled(queue);
    await until(() => held.length === 3);
    expect(held[0]!.task).toEqual(taskOf('learn/0'));
    expect(await queue.add(taskOf('learn/0'))).toBe(false);
    await held[0]!.ack();
    await until(() => queue.add(taskOf('learn/0')));
    await until(() => held.length === 4);
    await puller.stop();
  });

  test('withdraws a task, or all of a run, whether they wait or are in work', async () => {
    const queue = await TaskQueue.open(connection, { ackWaitMs: 1_000 });
    for (const key of ['a', 'b', 'c']) await queue.add(taskOf(key));
    await queue.add(taskOf('a', 'train-2'));
    const { held, puller } = pulled(queue, 1);
    await until(() => held.length === 1);
    await queue.withdraw('train-1', 'b');
    expect((await queue.status()).messages).toBe(3);
    await queue.withdraw('train-1');
    expect((await queue.status()).messages).toBe(1);
    await held[0]!.ack();
    await until(() => held.length === 2);
    expect(held[1]!.task.run).toBe('train-2');
    await held[1]!.ack();
    await until(async () => (await queue.status()).messages === 0);
    await until(async () => (await queue.status()).inFlight === 0);
    await puller.stop();
  });

  test('refuses a task that is too large, and lives with one that cannot be read', async () => {
    const queue = await TaskQueue.open(connection);
    const large = { ...taskOf('large'), parameters: 'x'.repeat(600_000) };
    await expect(queue.add(large)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await clientOf(connection).jetstream().publish('autotag.v1.task.train-1.x', '{"run":1}');
    const { held, puller } = pulled(queue);
    await until(() => held.length === 1);
    expect(() => held[0]!.task).toThrow(Fault);
    await held[0]!.terminate();
    await until(async () => (await queue.status()).messages === 0);
    await puller.stop();
  });
});

describe('records of tasks', () => {
  const running: TaskRecord = {
    state: 'running',
    node: 'n1',
    attempts: 1,
    progress: { done: 0, total: 0 },
  };
  const done: TaskRecord = {
    state: 'done',
    node: 'n2',
    attempts: 1,
    outputs: [],
    value: { loss: 0.5 },
    tookMs: 3,
  };

  test('are written by whoever read them last', async () => {
    const records = await TaskRecords.open(connection);
    expect(await records.get('train-1', 'learn/0')).toBeUndefined();
    const first = await records.put('train-1', 'learn/0', running, 0);
    expect(await records.put('train-1', 'learn/0', done, 0)).toBeUndefined();
    expect(await records.put('train-1', 'learn/0', done, first!)).toBeGreaterThan(first!);
    expect(await records.put('train-1', 'learn/0', running, first!)).toBeUndefined();
    expect((await records.get('train-1', 'learn/0'))?.value).toEqual(done);
  });

  test('are watched by run, and cleared by run', async () => {
    const records = await TaskRecords.open(connection);
    const seen: [string, string][] = [];
    await records.put('train-1', 'ä/0', running, 0);
    const stop = await records.watch('train-1', (key, { state }) => seen.push([key, state]));
    await records.put('train-1', 'b', done, 0);
    await records.put('train-2', 'c', done, 0);
    await until(() => seen.length === 2);
    expect(seen).toEqual([
      ['ä/0', 'running'],
      ['b', 'done'],
    ]);
    stop();
    await records.clear('train-1');
    expect(await records.get('train-1', 'b')).toBeUndefined();
    expect(await records.get('train-2', 'c')).toBeDefined();
    expect(await records.put('train-1', 'b', running, 0)).toBeDefined();
  });

  test('refuse values that belong into a blob', async () => {
    const records = await TaskRecords.open(connection);
    const large = { ...done, value: 'x'.repeat(600_000) };
    await expect(records.put('train-1', 'k', large, 0)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('runs', () => {
  test('of one kind are one at a time', async () => {
    const runs = await RunRecords.open(connection);
    const attempts = Array.from({ length: 8 }, () => runs.start('train', 'n1', { classes: 3 }));
    const outcomes = await Promise.allSettled(attempts);
    const [started] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(7);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'RUN_ACTIVE', details: { run: started!.value.id, node: 'n1' } });
    await runs.start('tag', 'n1', null);
    await runs.end(started!.value.id, { state: 'done' });
    await runs.start('train', 'n2', null);
    expect((await runs.list()).map(({ state }) => state).sort()).toEqual(['done', 'running', 'running']);
  });

  test('tell how far they are until they end, and why they failed', async () => {
    const runs = await RunRecords.open(connection);
    const seen: RunRecord[] = [];
    const stop = await runs.watch((run) => seen.push(run));
    const { id } = await runs.start('train', 'n1', null);
    await runs.update(id, { step: 'learn', progress: { done: 1, total: 4 }, detail: { rate: 2 } });
    expect(await runs.isActive(id)).toBe(true);
    await runs.end(id, { state: 'failed', fault: new Fault('DISK_FULL', { file: 'f' }) });
    expect(await runs.isActive(id)).toBe(false);
    await expect(runs.update(id, { step: 'more' })).rejects.toMatchObject({ code: 'RUN_OVER' });
    await expect(runs.end(id, { state: 'done' })).rejects.toMatchObject({ code: 'RUN_OVER' });
    await expect(runs.update('train-other', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await until(() => seen.at(-1)?.state === 'failed');
    stop();
    expect(await runs.get(id)).toMatchObject({ step: 'learn', fault: { code: 'DISK_FULL' } });
  });

  test('are remembered when others have followed, up to a limit', async () => {
    const runs = await RunRecords.open(connection);
    const ids: string[] = [];
    for (let number = 0; number < 36; number++) {
      const { id } = await runs.start('train', 'n1', number);
      await runs.end(id, { state: 'done' });
      ids.push(id);
    }
    expect(await runs.get(ids[35]!)).toMatchObject({ spec: 35 });
    expect(await runs.get(ids[20]!)).toMatchObject({ spec: 20 });
    expect(await runs.list()).toHaveLength(32);
  });
});
