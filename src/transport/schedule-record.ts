import { z } from 'zod';
import { runId, scheduledJob } from './run-spec.ts';

const count = z.int().min(0);

/** Name of a schedule, which is its id. */
export const scheduleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'is no name of a schedule: a letter, then letters, digits and hyphens');

/** What an operator says of a schedule: what is to be done, and when. */
export const scheduleSpec = z.strictObject({
  name: scheduleName,
  /** Five fields of cron, or an interval such as `every 2 weeks`. */
  when: z.string().min(1).max(256),
  /** IANA name of the time zone whose clocks count. */
  zone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, 'is no name of a time zone')
    .default('UTC'),
  /** Where intervals begin, by the clocks of the zone: `2026-11-29T03:00`. Default when it is added. */
  start: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, 'is no date and time such as 2026-11-29T03:00')
    .optional(),
  /**
   * While a run of the same kind is under way, a firing is left out, or waits for its end; `cancel-running` ends a run of this schedule, and waits
   * for others.
   */
  overlap: z.enum(['skip', 'queue', 'cancel-running']).default('skip'),
  /** Of times that have passed while nobody led: none is made up for, or the last one, or the last ten, one after the other. */
  catchUp: z.enum(['none', 'one', 'all']).default('one'),
  job: scheduledJob,
});
/** See {@link scheduleSpec}. */
export type ScheduleSpec = z.infer<typeof scheduleSpec>;

/** A time of a schedule, and what has become of it. */
export const firing = z.object({
  /** The time, ms since the epoch. */
  at: count,
  /** Whether an operator asked for it. */
  asked: z.boolean(),
  /** Its run; the same whoever begins it, however often. */
  run: runId,
  /** `waiting`: its run has not begun; `lost`: nobody knows any more how its run ended. */
  state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled', 'lost', 'skipped']),
  /** Why it was left out, or has failed. */
  reason: z.string().max(2048).optional(),
  /** Of times that have passed unseen: the first of them; `at` is the last. */
  since: count.optional(),
});
/** See {@link firing}. */
export type Firing = z.infer<typeof firing>;

/** A schedule, and what has become of its last times. */
export const scheduleRecord = z.object({
  spec: scheduleSpec.required({ start: true }),
  state: z.enum(['active', 'paused']),
  /** Of the leader that wrote it last; 0 before one has. */
  term: count,
  /** Times until this one are decided on, ms since the epoch. */
  decidedUntil: count,
  /** The latest first. */
  firings: z.array(firing),
  /** ms since the epoch */
  createdAt: count,
});
/** See {@link scheduleRecord}. */
export type ScheduleRecord = z.infer<typeof scheduleRecord>;

/** A schedule as clients see it. */
export const scheduleStatus = scheduleRecord.omit({ term: true, decidedUntil: true, firings: true }).extend({
  /** When it fires next, ms since the epoch; never while it is paused. */
  nextAt: count.optional(),
  /** Its last firing. */
  last: firing.optional(),
});
/** See {@link scheduleStatus}. */
export type ScheduleStatus = z.infer<typeof scheduleStatus>;
