import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import { isTimeZone, localTime } from '../src/base/local-time.ts';
import { ask, settle, waitingOf } from '../src/cluster/schedule/firing.ts';
import { statusOf } from '../src/cluster/schedule/schedule-status.ts';
import { timetableOf } from '../src/cluster/schedule/timetable.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { ScheduleRecord, ScheduleSpec, ScheduleStatus } from '../src/transport/schedule-record.ts';
import type { ScheduleRecords } from '../src/transport/schedule-records.ts';

/** Schedules, listed and acted on by any node; the leader fires them. */
export function scheduleService(records: ScheduleRecords, clock: Clock): readonly Endpoint[] {
  return [
    endpoint('scheduleAdd', {}, async (spec) => shown(await add(records, spec, clock.now()))),
    endpoint('scheduleList', {}, async () => ({ schedules: await list(records) }), { unaudited: true }),
    endpoint(
      'scheduleShow',
      {},
      async ({ name }) => {
        const record = await records.get(name);
        return { ...shown(record), firings: record.firings };
      },
      { unaudited: true },
    ),
    endpoint('schedulePause', {}, async ({ name }) => shown(await records.change(name, paused))),
    endpoint('scheduleResume', {}, async ({ name }) =>
      shown(await records.change(name, (record) => resumed(record, clock.now()))),
    ),
    endpoint('scheduleRun', {}, async ({ name }) => {
      const { firings } = await records.change(name, (record) => ask(record, clock.now()));
      return newest(firings);
    }),
    endpoint('scheduleRemove', {}, async ({ name }) => {
      await records.remove(name);
      return { removed: name };
    }),
  ];
}

async function add(records: ScheduleRecords, given: ScheduleSpec, now: number): Promise<ScheduleRecord> {
  const { zone, catchUp, overlap } = given;
  const start = given.start ?? localTime(now, isTimeZone(zone) ? zone : 'UTC');
  const spec = { ...given, start };
  if (timetableOf(spec).next(now) === undefined)
    throw new Fault('SCHEDULE_INVALID', { reason: `"${spec.when}" never comes` });
  if (catchUp === 'all' && overlap !== 'queue')
    throw new Fault('SCHEDULE_INVALID', {
      reason: 'to catch up on all that was missed, its firings must queue: say so of their overlap',
    });
  return await records.add(spec, now);
}

/** To find the next times of a thousand takes half a second. */
async function list(records: ScheduleRecords): Promise<ScheduleStatus[]> {
  const statuses: ScheduleStatus[] = [];
  for (const record of await records.list()) {
    statuses.push(shown(record));
    await setImmediate();
  }
  return statuses;
}

/** What waits is left out; a run that is under way goes on. */
function paused(record: ScheduleRecord): ScheduleRecord {
  if (record.state === 'paused') return record;
  const outcome = { state: 'skipped', reason: 'the schedule was paused' } as const;
  const settled = waitingOf(record).reduce((before, { run }) => settle(before, run, outcome), record);
  return { ...settled, state: 'paused' };
}

/** What has come while it was paused does not count as missed. */
function resumed(record: ScheduleRecord, now: number): ScheduleRecord {
  return record.state === 'active' ? record : { ...record, state: 'active', decidedUntil: now };
}

function shown(record: ScheduleRecord): ScheduleStatus {
  return statusOf(record, timetableOf(record.spec));
}

function newest([first]: ScheduleRecord['firings']): ScheduleRecord['firings'][number] {
  if (first === undefined) throw new Fault('INTERNAL', { reason: 'what was asked for is not there' });
  return first;
}
