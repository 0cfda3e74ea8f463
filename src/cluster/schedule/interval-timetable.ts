import { Fault } from '../../base/errors.ts';
import { CronTimetable } from './cron-timetable.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** How long units are: those of the clock always, those of the calendar on average. */
const units = {
  minute: { ms: minuteMs },
  hour: { ms: 60 * minuteMs },
  day: { ms: dayMs, days: 1 },
  week: { ms: 7 * dayMs, days: 7 },
  month: { ms: 30.436875 * dayMs, months: 1 },
  quarter: { ms: 3 * 30.436875 * dayMs, months: 3 },
  year: { ms: 12 * 30.436875 * dayMs, months: 12 },
} as const;

/** So many units of time. */
export interface Interval {
  readonly count: number;
  readonly unit: keyof typeof units;
}

const intervalForm = /^every (?:([1-9]\d{0,3}) )?(minute|hour|day|week|month|quarter|year)s?$/;
const startForm = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)$/;
/** Clocks of a zone are less than this away from UTC, their changes included. */
const zonesMs = 2 * dayMs;

/** The interval that a text such as `every 2 weeks` or `every quarter` says, or `undefined` if it says none. */
export function intervalOf(text: string): Interval | undefined {
  const [, count = '1', unit] = intervalForm.exec(text) ?? [];
  return unit === undefined ? undefined : { count: Number(count), unit: unit as Interval['unit'] };
}

/**
 * Times at one distance, from a start that is the first of them. Minutes and hours are as long as they are, on every day; all else goes by
 * the calendar, and comes at the time of day of the start. A month without its day has its last day instead.
 */
export class IntervalTimetable {
  readonly #interval: Interval;
  readonly #zone: string;
  /** What clocks show at the start, in ms as if they were those of UTC. */
  readonly #start: number;
  readonly #first: number;

  /** @throws Fault `SCHEDULE_INVALID` */
  constructor(interval: Interval, { start, zone }: { readonly start: string; readonly zone: string }) {
    this.#interval = interval;
    this.#zone = zone;
    this.#start = shownAt(start);
    this.#first = this.#moment(this.#start);
  }

  next(after: number): number | undefined {
    return this.#at(Math.max(this.#last(after) + 1, 0));
  }

  previous(count: number, until: number): readonly number[] {
    const last = this.#last(until);
    return Array.from({ length: Math.min(count, last + 1) }, (_, back) => this.#at(last - back));
  }

  /** The number of the last time until `until`, counted from 0; -1 if that is before the start. */
  #last(until: number): number {
    const { count, unit } = this.#interval;
    let number = Math.max(Math.floor((until - this.#first) / (count * units[unit].ms)), -1);
    while (number >= 0 && this.#at(number) > until) number -= 1;
    while (this.#at(number + 1) <= until) number += 1;
    return number;
  }

  #at(number: number): number {
    const { count, unit } = this.#interval;
    const length: { readonly ms: number; readonly days?: number; readonly months?: number } = units[unit];
    const { ms, days, months } = length;
    if (months !== undefined) return this.#moment(monthsAfter(this.#start, number * count * months));
    if (days !== undefined) return this.#moment(this.#start + number * count * days * dayMs);
    return this.#first + number * count * ms;
  }

  /** When clocks show this; cron knows the rules of zones. */
  #moment(shown: number): number {
    const date = new Date(shown);
    const [minute, hour] = [date.getUTCMinutes(), date.getUTCHours()];
    const [day, month] = [date.getUTCDate(), date.getUTCMonth() + 1];
    const cron = new CronTimetable([minute, hour, day, month, '*'].join(' '), this.#zone);
    const moment = cron.next(shown - zonesMs);
    if (moment === undefined)
      throw new Fault('SCHEDULE_INVALID', { reason: `${date.toISOString()} is beyond the calendar` });
    return moment;
  }
}

function shownAt(start: string): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] =
    startForm.exec(start)?.slice(1).map(Number) ?? [];
  const shown = Date.UTC(year, month - 1, day, hour, minute);
  // 30 February would be one of March.
  const isDate = year >= 1970 && new Date(shown).toISOString().startsWith(start);
  if (isDate) return shown;
  throw new Fault('SCHEDULE_INVALID', {
    reason: `"${start}" is no date and time; write it as 2026-11-29T03:00`,
  });
}

function monthsAfter(shown: number, months: number): number {
  const date = new Date(shown);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  return Date.UTC(year, month, day) + (shown % dayMs);
}
