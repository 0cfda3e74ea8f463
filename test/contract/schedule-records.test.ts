import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/transport/connection.ts';
import { JsonBucket } from '../../src/transport/json-bucket.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { RunRecords } from '../../src/transport/run-records.ts';
import { scheduleRecord, type ScheduleRecord } from '../../src/transport/schedule-record.ts';
import { maxSchedules, ScheduleRecords } from '../../src/transport/schedule-records.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;
let records: ScheduleRecords;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  records = await ScheduleRecords.open(connection);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

function spec(name: string): ScheduleRecord['spec'] {
  return {
    ...{ name, when: '0 3 * * *', zone: 'UTC', start: '2026-01-01T00:00', overlap: 'skip', catchUp: 'one' },
    job: { kind: 'rescore', which: 'stale' },
  };
}

describe('the records of schedules', () => {
  test('are added once, changed, and removed', async () => {
    const added = await records.add(spec('nightly'), 1_000);
    expect(added).toMatchObject({ state: 'active', term: 0, decidedUntil: 1_000, firings: [] });
    await expect(records.add(spec('nightly'), 2_000)).rejects.toMatchObject({ code: 'SCHEDULE_EXISTS' });
    const paused = await records.change('nightly', (record) => ({ ...record, state: 'paused' }));
    expect(await records.get('nightly')).toEqual(paused);
    await records.add(spec('early'), 3_000);
    expect((await records.list()).map(({ spec: { name } }) => name)).toEqual(['early', 'nightly']);
    await records.remove('nightly');
    for (const act of [
      records.get('nightly'),
      records.remove('nightly'),
      records.change('nightly', (one) => one),
    ])
      await expect(act).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await records.add(spec('nightly'), 4_000)).toMatchObject({ createdAt: 4_000 });
  });

  test('lose no change, whoever makes one at the same time', async () => {
    await records.add(spec('nightly'), 0);
    const later = (record: ScheduleRecord) => ({ ...record, decidedUntil: record.decidedUntil + 1 });
    await Promise.all(
      Array.from({ length: 12 }, (_, one) => records.change('nightly', later, one % 2 === 0 ? 3 : undefined)),
    );
    expect(await records.get('nightly')).toMatchObject({ decidedUntil: 12, term: 3 });
  });

  test('are not changed by a leader of an earlier term; an operator changes no term', async () => {
    await records.add(spec('nightly'), 0);
    const pause = (record: ScheduleRecord) => ({ ...record, state: 'paused' as const });
    const go = (record: ScheduleRecord) => ({ ...record, state: 'active' as const });
    expect(await records.change('nightly', pause, 7)).toMatchObject({ term: 7 });
    expect(await records.change('nightly', go)).toMatchObject({ term: 7, state: 'active' });
    await expect(records.change('nightly', pause, 6)).rejects.toMatchObject({ code: 'TERM_OVER' });
    expect(await records.get('nightly')).toMatchObject({ state: 'active' });
  });

  test('a change of nothing is written by nobody', async () => {
    await records.add(spec('nightly'), 0);
    const heard: ScheduleRecord[] = [];
    const end = await records.watch((record) => heard.push(record));
    await until(() => heard.length === 1);
    await records.change('nightly', (record) => record, 9);
    await records.change('nightly', (record) => ({ ...record, decidedUntil: 5 }), 9);
    await until(() => heard.at(-1)?.decidedUntil === 5);
    expect(heard).toHaveLength(2);
    end();
  });

  test('are limited, in number and in size', async () => {
    const bucket = await JsonBucket.open(connection, names.schedules, scheduleRecord);
    const record = await records.add(spec('s0'), 0);
    const others = Array.from({ length: maxSchedules - 2 }, (_, one) => `s${String(one + 1)}`);
    await Promise.all(others.map((name) => bucket.put(`schedule.${name}`, { ...record, spec: spec(name) })));
    await records.add(spec('last'), 0);
    await expect(records.add(spec('more'), 0)).rejects.toMatchObject({ code: 'SCHEDULES_FULL' });
    expect(await records.list()).toHaveLength(maxSchedules);
    await records.remove('s1');
    const labels = Array.from({ length: 256 }, () => 'x'.repeat(1_000));
    const train: ScheduleRecord['spec']['job'] = {
      ...{ kind: 'train', pixels: [], folders: [], labels, corrections: false, precision: 0.8 },
      ...{ assumeNegative: false, strict: false, activate: false },
    };
    const large = records.add({ ...spec('large'), job: train }, 0);
    await expect(large).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

test('a run that is started under an id begins once, also after its end and the runs after it', async () => {
  const runs = await RunRecords.open(connection);
  const start = () => runs.start('rescore', 'n1', { kind: 'rescore' }, 'rescore-nightly-1');
  const [one, ...others] = await Promise.all([start(), start(), start()]);
  for (const other of others) expect(other).toEqual(one);
  await runs.end('rescore-nightly-1', { state: 'done' });
  expect(await start()).toMatchObject({ state: 'done' });
  const next = await runs.start('rescore', 'n1', { kind: 'rescore' });
  expect(await start()).toMatchObject({ id: 'rescore-nightly-1', state: 'done' });
  expect(await runs.latest('rescore')).toMatchObject({ id: next.id, state: 'running' });
});

test('a run whose end was written, and nothing more, is remembered when the next one begins', async () => {
  const runs = await RunRecords.open(connection);
  const first = await runs.start('rescore', 'n1', null, 'rescore-nightly-1');
  await runs.end(first.id, { state: 'done' });
  // Whoever wrote its end had died before it was among the past.
  await runs.forget(first.id);
  await runs.start('rescore', 'n1', null);
  expect(await runs.get(first.id)).toMatchObject({ state: 'done' });
});
