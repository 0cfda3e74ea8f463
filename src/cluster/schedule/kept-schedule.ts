import type { ScheduleRecord } from '../../transport/schedule-record.ts';
import { runningOf, waitingOf } from './firing.ts';
import { nextOf } from './schedule-status.ts';
import { timetableOf, type Timetable } from './timetable.ts';

/** A schedule as the leader has heard of it last. To find its next time costs half a millisecond, so it is done once. */
export class KeptSchedule {
  readonly record: ScheduleRecord;
  #timetable: Timetable | undefined;
  #nextAt: number | undefined;

  constructor(record: ScheduleRecord) {
    this.record = record;
  }

  /** @throws Fault `SCHEDULE_INVALID`: this machine does not know its time zone */
  get timetable(): Timetable {
    this.#timetable ??= timetableOf(this.record.spec);
    return this.#timetable;
  }

  /**
   * When it fires next, ms since the epoch; `Infinity` if it does not.
   * @throws Fault `SCHEDULE_INVALID`
   */
  get nextAt(): number {
    this.#nextAt ??= nextOf(this.record, this.timetable) ?? Infinity;
    return this.#nextAt;
  }

  /** Whether its next time was found before. */
  get isFound(): boolean {
    return this.#nextAt !== undefined;
  }

  /** Since when a firing of it waits, ms since the epoch; `Infinity` if none does. */
  get waitingSince(): number {
    return waitingOf(this.record)[0]?.at ?? Infinity;
  }

  /**
   * Whether there is nothing to do for it now.
   * @throws Fault `SCHEDULE_INVALID`
   */
  isIdle(now: number): boolean {
    const isOver = this.waitingSince === Infinity && runningOf(this.record).length === 0;
    // A clock that was set back is looked at more closely.
    return isOver && this.record.decidedUntil <= now && now < this.nextAt;
  }
}
