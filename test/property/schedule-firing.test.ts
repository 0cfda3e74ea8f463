import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask, decide, firingsKept, settle, waitingOf } from '../../src/cluster/schedule/firing.ts';
import { timetableOf } from '../../src/cluster/schedule/timetable.ts';
import type { Firing, ScheduleRecord, ScheduleSpec } from '../../src/transport/schedule-record.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const begin = Date.UTC(2026, 0, 1);

/** A schedule that was added at `begin`. */
function schedule(spec: Partial<ScheduleSpec> = {}): ScheduleRecord {
  return {
    spec: {
      ...{ name: 'nightly', when: '0 * * * *', zone: 'UTC', start: '2026-01-01T00:00' },
      ...{ overlap: 'skip', catchUp: 'one', job: { kind: 'rescore', which: 'stale' }, ...spec },
    } as ScheduleRecord['spec'],
    ...{ state: 'active', term: 0, decidedUntil: begin, firings: [], createdAt: begin },
  };
}

function decided(record: ScheduleRecord, now: number, atMost?: number): ScheduleRecord {
  return decide(record, timetableOf(record.spec), now, atMost);
}

/** Firings with their distance from `begin` in hours, the latest first. */
function hours({ firings }: ScheduleRecord): [number, Firing['state']][] {
  return firings.map(({ at, state }) => [(at - begin) / hourMs, state]);
}

/** All that waits has begun and is over. */
function done(record: ScheduleRecord): ScheduleRecord {
  return waitingOf(record).reduce((before, { run }) => settle(before, run, { state: 'done' }), record);
}

describe('a time that has come', () => {
  test('fires once, under an id that is made of it', () => {
    const one = decided(schedule(), begin + hourMs + 3);
    expect(one.firings).toEqual([
      { at: begin + hourMs, asked: false, state: 'waiting', run: 'rescore-nightly-202601010100' },
    ]);
    expect(decided(one, begin + hourMs + 4_000)).toBe(one);
    expect(decided(schedule(), begin + hourMs - 1)).toEqual(schedule());
  });

  test('does not fire while the schedule is paused', () => {
    const paused = { ...schedule(), state: 'paused' as const };
    expect(decided(paused, begin + 5 * hourMs)).toBe(paused);
  });

  test('fires once whatever the clock does, and never a time that lies ahead', () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: 3 * minuteMs }),
      fc.integer({ min: -5 * hourMs, max: 30 * hourMs }),
    );
    const spec = fc.record({
      when: fc.constantFrom('* * * * *', '*/20 * * * *', '0 * * * *', 'every 3 hours'),
      overlap: fc.constantFrom('skip' as const, 'queue' as const, 'cancel-running' as const),
      catchUp: fc.constantFrom('none' as const, 'one' as const, 'all' as const),
    });
    fc.assert(
      fc.property(spec, fc.array(step, { maxLength: 40 }), (given, steps) => {
        const begun = new Set<number>();
        let record = schedule(given);
        let now = begin;
        for (const stepMs of steps) {
          now = Math.max(now + stepMs, begin);
          record = decided(record, now);
          const waiting = waitingOf(record);
          expect(waiting.length).toBeLessThanOrEqual(10);
          for (const { at, run } of waiting) {
            expect(at).toBeLessThanOrEqual(now);
            expect(begun).not.toContain(at);
            begun.add(at);
            record = settle(record, run, { state: 'done' });
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('times that have passed unseen', () => {
  const after = begin + 30 * hourMs;

  test.each([
    ['none', 'skip', [[30, 'skipped']]],
    [
      'one',
      'skip',
      [
        [30, 'waiting'],
        [29, 'skipped'],
      ],
    ],
    ['all', 'queue', [...Array.from({ length: 10 }, (_, back) => [30 - back, 'waiting']), [20, 'skipped']]],
  ] as const)('%s of them is made up for', (catchUp, overlap, expected) => {
    const record = decided(schedule({ catchUp, overlap }), after + 10 * minuteMs);
    expect(hours(record)).toEqual(expected);
    expect(record.firings.at(-1)).toMatchObject({ since: begin + hourMs, state: 'skipped' });
    expect(record.decidedUntil).toBe(after);
  });

  test('are not missed if they are only a little late: the next leader is not there at once', () => {
    const record = decided(schedule({ catchUp: 'none' }), begin + hourMs + 4 * minuteMs);
    expect(hours(record)).toEqual([[1, 'waiting']]);
  });

  test('are one at most when it is the clock that was set forward', () => {
    const record = decided(schedule({ catchUp: 'all', overlap: 'queue' }), after, 1);
    expect(hours(record)).toEqual([
      [30, 'waiting'],
      [29, 'skipped'],
    ]);
  });

  test('do not come again when the clock is set back, and a clock that was far ahead holds up nothing for long', () => {
    const fired = done(decided(schedule(), begin + hourMs));
    expect(decided(fired, begin + hourMs - 10 * minuteMs)).toBe(fired);
    expect(decided(fired, begin + hourMs + 1)).toBe(fired);
    // By a year, for a moment.
    const ahead = done(decided(schedule(), begin + 365 * 24 * hourMs));
    const back = decided(ahead, begin + 2 * hourMs);
    expect(back.decidedUntil).toBe(begin + 2 * hourMs);
    expect(hours(decided(back, begin + 3 * hourMs))[0]).toEqual([3, 'waiting']);
  });
});

describe('a firing beside one that waits', () => {
  test('is left out', () => {
    const record = decided(decided(schedule(), begin + hourMs), begin + 2 * hourMs);
    expect(hours(record)).toEqual([
      [2, 'skipped'],
      [1, 'waiting'],
    ]);
    expect(record.firings[0]?.reason).toBe('rescore-nightly-202601010100 had not begun yet');
  });

  test('waits as well, up to ten of them', () => {
    let record = schedule({ overlap: 'queue' });
    for (let hour = 1; hour <= 12; hour++) record = decided(record, begin + hour * hourMs);
    expect(waitingOf(record).map(({ at }) => (at - begin) / hourMs)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(hours(record).slice(0, 2)).toEqual([
      [12, 'skipped'],
      [11, 'skipped'],
    ]);
  });

  test('takes its place', () => {
    const overlap = 'cancel-running';
    const record = decided(decided(schedule({ overlap }), begin + hourMs), begin + 2 * hourMs);
    expect(hours(record)).toEqual([
      [2, 'waiting'],
      [1, 'skipped'],
    ]);
  });

  test('also when an operator asks for it', () => {
    const record = ask(schedule(), begin + 1_234);
    expect(record.firings).toEqual([
      { at: begin + 1_234, asked: true, state: 'waiting', run: 'rescore-nightly-20260101000001234' },
    ]);
    expect(hours(ask(record, begin + hourMs))[0]).toEqual([1, 'skipped']);
  });
});

test('so many firings are remembered, and all that are not over', () => {
  const running = settle(ask(schedule(), begin + 1), 'rescore-nightly-20260101000000001', {
    state: 'running',
  });
  let record = running;
  for (let hour = 1; hour <= firingsKept + 20; hour++) record = done(decided(record, begin + hour * hourMs));
  expect(record.firings).toHaveLength(firingsKept + 1);
  expect(record.firings.at(-1)).toEqual(running.firings[0]);
});
