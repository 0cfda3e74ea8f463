import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localTime } from '../../src/base/local-time.ts';
import { timetableOf, type Timetable } from '../../src/cluster/schedule/timetable.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Santiago',
];
const expressions = [
  '* * * * *',
  '*/7 * * * *',
  '30 2 * * *',
  '0 2,3 * * *',
  '15 1-4 * * 1-5',
  '0 0 1 * *',
  '59 23 L * *',
  '5 4 29 2 *',
  '0 9 * * MON#1',
];
const intervals = [
  'every minute',
  'every 90 minutes',
  'every 12 hours',
  'every day',
  'every 3 days',
  'every 2 weeks',
  'every month',
  'every quarter',
  'every year',
];

const dayMs = 24 * 3_600_000;
const moment = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2032, 0) });
const start = fc.constantFrom(
  '2025-01-31T02:30',
  '2026-03-29T02:30',
  '2026-10-25T02:30',
  '2027-12-31T23:59',
  '2024-02-29T00:00',
);
const timetable = fc
  .record({ when: fc.constantFrom(...expressions, ...intervals), zone: fc.constantFrom(...zones), start })
  .map((source) => ({ source, times: timetableOf(source) }));

/** The next times, a day or so of them. */
function following(times: Timetable, after: number, count: number): number[] {
  const found: number[] = [];
  for (let at = times.next(after); at !== undefined && found.length < count; at = times.next(at))
    found.push(at);
  return found;
}

const iso = (times: readonly number[]) => times.map((at) => new Date(at).toISOString().slice(0, 16));

describe('the times of a schedule', () => {
  test('are whole minutes that rise, and none lies between two that follow each other', () => {
    fc.assert(
      fc.property(timetable, moment, fc.nat(), ({ times }, after, part) => {
        const found = following(times, after, 4);
        for (const [index, at] of found.entries()) {
          const before = found[index - 1] ?? after;
          expect(at).toBeGreaterThan(before);
          expect(at % 60_000).toBe(0);
          // From wherever in between one looks, the same one is next.
          expect(times.next(before + (part % (at - before)))).toBe(at);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('are the same backwards', () => {
    fc.assert(
      fc.property(timetable, moment, ({ times }, after) => {
        const found = following(times, after, 4);
        const last = found.at(-1);
        if (last === undefined) return;
        const back = times.previous(found.length, last);
        expect(back.slice(0, found.length)).toEqual(found.toReversed());
        // Not yet, a moment before.
        expect(times.previous(1, last - 1)[0] ?? 0).toBeLessThan(last);
      }),
      { numRuns: 100 },
    );
  });

  test('that name an hour and a minute come once on each day, whatever its length', () => {
    const time = fc.record({
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.integer({ min: 0, max: 59 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...zones), time, moment, (zone, { hour, minute }, after) => {
        const text = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        const days = { when: 'every day', zone, start: `2024-12-01T${text}` };
        const cron = { when: `${String(minute)} ${String(hour)} * * *`, zone, start: '' };
        for (const source of [days, cron]) {
          const dates = following(timetableOf(source), after, 400).map((at) =>
            localTime(at, zone).slice(0, 10),
          );
          const [first] = dates.map((date) => Date.parse(date));
          expect(dates.map((date) => Date.parse(date))).toEqual(dates.map((_, day) => first! + day * dayMs));
        }
      }),
      { numRuns: 8 },
    );
  });

  test('of intervals of the clock are as far apart as they say', () => {
    const source = { when: 'every 90 minutes', zone: 'Europe/Berlin', start: '2026-03-29T00:00' };
    fc.assert(
      fc.property(
        moment.filter((after) => after > Date.UTC(2026, 3)),
        (after) => {
          const [one = 0, two] = following(timetableOf(source), after, 2);
          expect(two! - one).toBe(90 * 60_000);
          expect((one - Date.UTC(2026, 2, 28, 23)) % (90 * 60_000)).toBe(0);
        },
      ),
    );
  });
});

describe('when clocks change', () => {
  const from = (
    when: string,
    after: string,
    count: number,
    zone = 'Europe/Berlin',
    begin = '2026-01-05T02:30',
  ) => iso(following(timetableOf({ when, zone, start: begin }), Date.parse(after), count));

  test('a time that is skipped is the moment that clocks skip to', () => {
    const expected = ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'];
    expect(from('30 2 * * *', '2026-03-27T12:00Z', 3)).toEqual(expected);
    expect(from('every day', '2026-03-27T12:00Z', 3)).toEqual(expected);
    expect(from('30 2 * * *', '2026-03-07T12:00Z', 2, 'America/New_York')).toEqual([
      '2026-03-08T07:00',
      '2026-03-09T06:30',
    ]);
    // Midnight is skipped in Chile.
    expect(from('0 0 * * *', '2026-09-05T12:00Z', 2, 'America/Santiago')).toEqual([
      '2026-09-06T04:00',
      '2026-09-07T03:00',
    ]);
  });

  test('a time that is shown twice is the first of the two', () => {
    const expected = ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'];
    expect(from('30 2 * * *', '2026-10-23T12:00Z', 3)).toEqual(expected);
    expect(from('every day', '2026-10-23T12:00Z', 3)).toEqual(expected);
    // Also from between the two.
    expect(from('30 2 * * *', '2026-10-25T01:10Z', 1)).toEqual(['2026-10-26T01:30']);
    expect(from('0 2,3 * * *', '2026-10-24T12:00Z', 3)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T02:00',
      '2026-10-26T01:00',
    ]);
    expect(from('45 1 * * *', '2027-04-02T15:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2027-04-03T14:45',
      '2027-04-04T15:15',
    ]);
  });

  test('what comes every hour, or more often, comes in each hour that there is', () => {
    expect(from('30 * * * *', '2026-03-29T00:00Z', 3)).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:30',
      '2026-03-29T02:30',
    ]);
    expect(from('30 * * * *', '2026-10-25T00:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ]);
  });

  test('intervals of the calendar keep their time of day', () => {
    expect(from('every 2 weeks', '2026-03-17T00:00Z', 2)).toEqual(['2026-03-30T00:30', '2026-04-13T00:30']);
    expect(from('every quarter', '2026-01-31T00:00Z', 3, 'Europe/Berlin', '2026-01-31T09:00')).toEqual([
      '2026-01-31T08:00',
      '2026-04-30T07:00',
      '2026-07-31T07:00',
    ]);
    expect(from('every month', '2026-01-31T09:00Z', 3, 'UTC', '2026-01-31T09:00')).toEqual([
      '2026-02-28T09:00',
      '2026-03-31T09:00',
      '2026-04-30T09:00',
    ]);
  });
});

describe('refused', () => {
  const wrong = [
    '',
    'every',
    'every 0 days',
    'every 2 fortnights',
    '* * * *',
    '* * * * * *',
    '61 * * * *',
    '? * * * *',
    '@daily',
    '1 2 3 4 x',
  ];
  test.each(wrong)('%j', (when) => {
    expect(() => timetableOf({ when, zone: 'UTC', start: '2026-01-01T00:00' })).toThrow(
      expect.objectContaining({ code: 'SCHEDULE_INVALID' }),
    );
  });

  test('a zone that nobody knows, a start that no calendar has', () => {
    const source = { when: 'every day', zone: 'UTC', start: '2026-01-01T00:00' };
    for (const other of [{ zone: 'Mars/Base' }, { start: '2026-02-30T00:00' }, { start: 'soon' }])
      expect(() => timetableOf({ ...source, ...other })).toThrow(
        expect.objectContaining({ code: 'SCHEDULE_INVALID' }),
      );
  });

  test('what never comes has no next time', () => {
    expect(timetableOf({ when: '0 0 30 2 *', zone: 'UTC', start: '' }).next(0)).toBeUndefined();
  });
});
