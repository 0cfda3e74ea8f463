import type { Firing, ScheduleRecord } from '../../transport/schedule-record.ts';
import type { Timetable } from './timetable.ts';

/** Firings that are remembered, beside those that are not over. */
export const firingsKept = 100;
/** Firings of a schedule that wait for their turn, at most. */
const maxWaiting = 10;
/** Times that have passed that are made up for, at most. */
const maxCaughtUp = 10;
/** A time is not missed before it is so late: a leader that was lost is followed by another one well within. */
const lateMs = 5 * 60_000;
/** A clock that was set back by more is right from then on; by less, times that have come do not come again. */
const setBackMs = 3 * 3_600_000;

/**
 * Decides on the times that have come since the last decision: what fires, what is left out, and why. A clock that was set back, however far,
 * lets no time fire twice that is remembered.
 * @param now - wall time, ms
 * @param atMost - times that have passed that are made up for, if the schedule wants all of them
 */
export function decide(
  record: ScheduleRecord,
  timetable: Timetable,
  now: number,
  atMost = maxCaughtUp,
): ScheduleRecord {
  if (record.state === 'paused') return record;
  if (record.decidedUntil > now + setBackMs) return { ...record, decidedUntil: now };
  const first = timetable.next(record.decidedUntil);
  if (first === undefined || first > now) return record;
  const passed = timetable.previous(atMost, now).filter((at) => at >= first);
  const chosen = choose(record, passed, now);
  // What lies before all that is made up for.
  const missed = missedBefore(chosen.at(-1) ?? now + 1, first, timetable);
  const decided = { ...record, decidedUntil: passed[0] ?? now };
  const known = new Set(record.firings.filter(({ asked }) => !asked).map(({ at }) => at));
  return chosen
    .filter((at) => !known.has(at))
    .reduceRight(
      (before, at) => admit(before, firingOf(record, at)),
      withFirings(decided, missed.map(skippedOf(record))),
    );
}

/** A firing that an operator asks for. */
export function ask(record: ScheduleRecord, at: number): ScheduleRecord {
  return admit(record, { ...firingOf(record, at), asked: true, run: runOf(record, at, 17) });
}

/** The record with what has become of a firing; the same if that is not known of. */
export function settle(
  record: ScheduleRecord,
  run: string,
  outcome: Pick<Firing, 'state' | 'reason'>,
): ScheduleRecord {
  const found = record.firings.find((firing) => firing.run === run);
  if (found === undefined || found.state === outcome.state) return record;
  const settled = { ...found, ...outcome };
  return { ...record, firings: record.firings.map((firing) => (firing === found ? settled : firing)) };
}

/** Firings whose run has not begun, the earliest first. */
export function waitingOf({ firings }: ScheduleRecord): readonly Firing[] {
  return firings.filter(({ state }) => state === 'waiting').toReversed();
}

/** Firings whose runs are under way, as far as is known. */
export function runningOf({ firings }: ScheduleRecord): readonly Firing[] {
  return firings.filter(({ state }) => state === 'running');
}

/** Of times that have passed, the latest first, those that fire. */
function choose(
  { spec: { catchUp } }: ScheduleRecord,
  passed: readonly number[],
  now: number,
): readonly number[] {
  if (catchUp === 'all') return passed;
  const latest = passed.slice(0, 1);
  return catchUp === 'one' ? latest : latest.filter((at) => now - at <= lateMs);
}

/** The last time before a moment, and the first one since then, if there is any. */
function missedBefore(moment: number, first: number, timetable: Timetable): { at: number; since: number }[] {
  if (first >= moment) return [];
  const [at = first] = timetable.previous(1, moment - 1);
  return [{ at, since: first }];
}

/** A firing takes its place beside those that wait. */
function admit(record: ScheduleRecord, firing: Firing): ScheduleRecord {
  const waiting = waitingOf(record);
  const [earliest] = waiting;
  if (earliest === undefined) return withFirings(record, [firing]);
  const skipped = (reason: string): Firing => ({ ...firing, state: 'skipped', reason });
  switch (record.spec.overlap) {
    case 'skip':
      return withFirings(record, [skipped(`${earliest.run} had not begun yet`)]);
    case 'queue':
      return withFirings(record, [
        waiting.length < maxWaiting ? firing : skipped(`${String(waiting.length)} were waiting already`),
      ]);
    case 'cancel-running':
      return withFirings(
        settle(record, earliest.run, { state: 'skipped', reason: `${firing.run} came first` }),
        [firing],
      );
  }
}

/** Those that are over are forgotten some time, all others are not. */
function withFirings(record: ScheduleRecord, more: readonly Firing[]): ScheduleRecord {
  const all = [...more, ...record.firings];
  const isOver = ({ state }: Firing) => state !== 'waiting' && state !== 'running';
  return { ...record, firings: all.filter((firing, place) => place < firingsKept || !isOver(firing)) };
}

function firingOf(record: ScheduleRecord, at: number): Firing {
  return { at, asked: false, run: runOf(record, at, 12), state: 'waiting' };
}

function skippedOf(record: ScheduleRecord): (missed: { at: number; since: number }) => Firing {
  return ({ at, since }) => ({
    ...firingOf(record, at),
    since,
    state: 'skipped',
    reason: 'nobody led the cluster then, or the clock was set forward',
  });
}

/** `train-nightly-202611290300`: one run a time, whoever fires. */
function runOf({ spec: { name, job } }: ScheduleRecord, at: number, digits: 12 | 17): string {
  return `${job.kind}-${name}-${new Date(at).toISOString().replace(/\D/g, '').slice(0, digits)}`;
}
