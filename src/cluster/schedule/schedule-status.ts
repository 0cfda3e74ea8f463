import type { ScheduleRecord, ScheduleStatus } from '../../transport/schedule-record.ts';
import type { Timetable } from './timetable.ts';

/** A schedule as clients see it. */
export function statusOf(record: ScheduleRecord, timetable: Timetable): ScheduleStatus {
  const { spec, state, createdAt, firings } = record;
  const nextAt = nextOf(record, timetable);
  const [last] = firings;
  return {
    ...{ spec, state, createdAt },
    ...(nextAt === undefined ? {} : { nextAt }),
    ...(last === undefined ? {} : { last }),
  };
}

/** When a schedule fires next, unless it is paused; it has come already if nobody has decided on it yet. */
export function nextOf(
  { state, decidedUntil }: Pick<ScheduleRecord, 'state' | 'decidedUntil'>,
  timetable: Timetable,
): number | undefined {
  return state === 'paused' ? undefined : timetable.next(decidedUntil);
}
