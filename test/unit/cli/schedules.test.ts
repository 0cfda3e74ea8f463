import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scheduleService } from '../../../actors/schedule-service.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { AuditLog } from '../../../src/cluster/audit-log.ts';
import { settle } from '../../../src/cluster/schedule/firing.ts';
import { Connection } from '../../../src/transport/connection.ts';
import { ScheduleRecords } from '../../../src/transport/schedule-records.ts';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';
import { startNats, type TestNats } from '../../support/nats.ts';

/** A Saturday morning. */
const now = Date.parse('2026-11-28T09:20:30Z');

describe('schedules on the command line', () => {
  let nats: TestNats;
  let connection: Connection;
  let records: ScheduleRecords;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeEach(async () => {
    nats = await startNats();
    connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
    records = await ScheduleRecords.open(connection);
    folder = await temporaryFolder();
    const audit = new AuditLog({ folder: folder.path, node: 'n1', clock: systemClock, log: silentLog });
    const endpoints = scheduleService(records, { ...systemClock, now: () => now });
    await Promise.all(endpoints.map((serveIt) => serveIt(connection, silentLog, audit).ready));
  });

  afterEach(async () => {
    await connection.close();
    await nats.stop();
    await folder.remove();
  });

  /** Runs a command to its end. */
  async function schedule(...args: string[]) {
    const cli = new CapturedCli();
    const code = await cli.run('schedule', ...args, '--nats', nats.url);
    return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
  }

  it('are added, and say when they fire by the clocks of their zone', async () => {
    const zone = ['--zone', 'Europe/Berlin'];
    expect(await schedule('add', 'rescore', 'nightly', '30 2 * * *', ...zone)).toMatchObject({
      code: 0,
      out: 'Added the schedule nightly; it fires at 2026-11-29 02:30 (Europe/Berlin).\n',
    });
    expect(await schedule('add', 'prune', 'old', 'every 2 weeks', '--dead', '30d', ...zone)).toMatchObject({
      code: 0,
      out: 'Added the schedule old; it fires at 2026-12-12 10:20 (Europe/Berlin).\n',
    });
    const start = ['--start', '2026-12-01T04:00', '--overlap', 'queue', '--catch-up', 'all'];
    const job = ['--update', 'latest', '--activate', '--precision', '0.9'];
    expect((await schedule('add', 'train', 'learn', 'every quarter', ...start, ...job)).err).toBe('');
    const listed = await schedule('list');
    expect(listed.out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'SCHEDULE | JOB | WHEN | ZONE | NEXT | LAST | OUTCOME',
      'learn | train | every quarter | UTC | 2026-12-01 04:00 | – | –',
      'nightly | rescore | 30 2 * * * | Europe/Berlin | 2026-11-29 02:30 | – | –',
      'old | prune | every 2 weeks | Europe/Berlin | 2026-12-12 10:20 | – | –',
      '',
    ]);
    expect((await schedule('show', 'learn', '--json')).value()).toMatchObject({
      spec: {
        ...{ name: 'learn', overlap: 'queue', catchUp: 'all', start: '2026-12-01T04:00' },
        job: { kind: 'train', update: 'latest', activate: true, precision: 0.9 },
      },
      ...{ state: 'active', nextAt: Date.UTC(2026, 11, 1, 4), firings: [] },
    });
  });

  it('are paused, resumed, fired and removed', async () => {
    await schedule('add', 'rescore', 'nightly', '30 2 * * *');
    expect((await schedule('pause', 'nightly')).out).toMatch(/^The schedule nightly is paused/);
    expect((await schedule('list')).out).toMatch(/nightly .* never/);
    expect((await schedule('resume', 'nightly')).out).toMatch(/fires at 2026-11-29 02:30 \(UTC\)/);
    const run = 'rescore-nightly-20261128092030000';
    expect((await schedule('run', 'nightly')).out).toContain(`It fires as the run ${run};`);
    expect((await schedule('run', 'nightly')).out).toBe(`It does not fire: ${run} had not begun yet.\n`);
    await records.change('nightly', (record) => settle(record, run, { state: 'failed', reason: 'no disk' }));
    const { out } = await schedule('show', 'nightly');
    expect(out).toMatch(/^when +30 2 \* \* \*, by the clocks of UTC$/m);
    expect(out).toMatch(new RegExp(`^2026-11-28 09:20 +failed +${run} +no disk$`, 'm'));
    expect((await schedule('list', '--json')).value()).toMatchObject({
      schedules: [{ last: { asked: true } }],
    });
    expect((await schedule('remove', 'nightly')).out).toBe('Removed the schedule nightly.\n');
    expect(await schedule('show', 'nightly')).toMatchObject({ code: 1, out: '' });
    expect((await schedule('list')).out).toBe('There are no schedules.\n');
  });

  it.each([
    ['a cron expression that is none', ['nightly', '61 * * * *'], /minute: 61/],
    ['words that are no interval', ['nightly', 'sometimes'], /neither five fields of cron/],
    ['a time that never comes', ['nightly', '0 0 30 2 *'], /never comes/],
    ['a zone that nobody knows', ['nightly', '0 0 * * *', '--zone', 'Mars/Base'], /no time zone/],
    ['a start that no calendar has', ['nightly', 'every day', '--start', '2026-02-30T00:00'], /no date/],
    ['a name that is none', ['Every Night', '0 0 * * *'], /no name of a schedule/],
    ['policies that do not fit', ['nightly', '0 0 * * *', '--catch-up', 'all'], /must queue/],
  ])('refuse %s', async (_, args, message) => {
    const { code, err } = await schedule('add', 'rescore', ...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect((await records.list()).length).toBe(0);
  });

  it('refuse a job that says nothing, before anybody is asked', async () => {
    expect(await schedule('add', 'prune', 'old', 'every day')).toMatchObject({ code: 2 });
    expect(await schedule('add', 'train', 'learn', 'every day')).toMatchObject({ code: 2 });
    expect(await schedule('add', 'prune', 'old', 'every day', '--dead', 'long')).toMatchObject({ code: 2 });
  });
});
