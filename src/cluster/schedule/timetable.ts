import { Fault } from '../../base/errors.ts';
import { isTimeZone } from '../../base/local-time.ts';
import { CronTimetable } from './cron-timetable.ts';
import { intervalOf, IntervalTimetable } from './interval-timetable.ts';

/**
 * The times of a schedule: whole minutes, in ms since the epoch.
 *
 * A time of day that the clocks of its zone skip is the moment that they skip to; one that they show twice is the first of the two.
 */
export interface Timetable {
  /** The first time after `after`, or `undefined` if none follows. */
  next(after: number): number | undefined;
  /** The last `count` times until `until`, which may be one of them; the latest first. */
  previous(count: number, until: number): readonly number[];
}

/** What a timetable is made of. */
export interface TimetableSource {
  /** Five fields of cron, or `every 2 weeks`. */
  readonly when: string;
  /** IANA name of a time zone. */
  readonly zone: string;
  /** Where intervals begin, by the clocks of the zone: `2026-11-29T03:00`. */
  readonly start: string;
}

/** Digits, names, lists, ranges, steps, and the third Monday or the last day of a month; no `?`, which means another time each time. */
const cronForm = /^[\dA-Za-z*,/#-]{1,64}(?: +[\dA-Za-z*,/#-]{1,64}){4}$/;

/**
 * Reads a timetable.
 * @throws Fault `SCHEDULE_INVALID`
 */
export function timetableOf({ when, zone, start }: TimetableSource): Timetable {
  if (!isTimeZone(zone))
    throw new Fault('SCHEDULE_INVALID', { reason: `${zone} is no time zone; write one as Europe/Berlin` });
  const interval = intervalOf(when);
  if (interval !== undefined) return new IntervalTimetable(interval, { start, zone });
  if (cronForm.test(when)) return new CronTimetable(when, zone);
  throw new Fault('SCHEDULE_INVALID', {
    reason: `"${when}" is neither five fields of cron, such as "0 3 * * *", nor an interval, such as "every 2 weeks"`,
  });
}
