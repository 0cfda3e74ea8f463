import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { Lead } from '../src/cluster/lead.ts';
import { decide, runningOf, settle, waitingOf } from '../src/cluster/schedule/firing.ts';
import { KeptSchedule } from '../src/cluster/schedule/kept-schedule.ts';
import { NextLook } from '../src/cluster/topology/next-look.ts';
import type { Behaviour } from '../src/runtime/index.ts';
import type { RunRecord, RunRecords } from '../src/transport/run-records.ts';
import type { RunSpec, ScheduledJob } from '../src/transport/run-spec.ts';
import type { Firing, ScheduleRecord } from '../src/transport/schedule-record.ts';
import type { ScheduleChange, ScheduleRecords } from '../src/transport/schedule-records.ts';

/** What the leader's scheduler works with. */
export interface SchedulerArgument {
  /** Of this node; what a leader of a later term has written is left alone. */
  readonly lead: Pick<Lead, 'term' | 'isCurrent'>;
  readonly records: ScheduleRecords;
  readonly runs: Pick<RunRecords, 'start' | 'get' | 'end' | 'watch'>;
  /** The node that has the stores, and with them all runs; `undefined` while it is away. */
  readonly storeNode: () => string | undefined;
  /** What a job is told now. */
  readonly resolve: (job: ScheduledJob) => Promise<RunSpec>;
  /** Its wall time is what schedules go by. */
  readonly clock: Clock;
  /** Between two looks at most, ms: the wall clock may be set, and nobody tells. Default 5000. */
  readonly periodMs?: number;
  readonly log: Log;
}

interface SchedulerState extends SchedulerArgument {
  /** By name; one that was removed is found out when it is its turn. */
  readonly schedules: Map<string, KeptSchedule>;
  readonly unwatch: readonly (() => void)[];
  readonly next: NextLook<'look'>;
  /** The last look, by both clocks, ms. */
  looked: { readonly wall: number; readonly monotonic: number };
}

const defaultPeriodMs = 5_000;
/** A look costs something, and no time of a schedule is worth more than this, ms. */
const shortestMs = 20;
/** If the wall clock goes ahead of the other by more, it was set, or the machine slept, ms. */
const jumpMs = 60_000;
const longestReason = 2_048;

/**
 * Fires schedules, while its node leads. That a time has come is written down first, under the term of this leader; then its run begins, under an
 * id that is made of the schedule and the time; then that is written down too. A leader that finds something half done does it again, and it is
 * done once.
 *
 * It ends when another has led since.
 */
export const scheduler: Behaviour<SchedulerState, 'look', SchedulerArgument> = {
  kind: 'scheduler',
  init: async (argument, context) => {
    const next = new NextLook(context, 'look');
    const schedules = new Map<string, KeptSchedule>();
    const heard = (record: ScheduleRecord) => {
      schedules.set(record.spec.name, new KeptSchedule(record));
      next.prompt();
    };
    const changed = (run: RunRecord) => {
      if (run.state !== 'running') next.prompt();
    };
    const unwatch = [await argument.records.watch(heard), await argument.runs.watch(changed)];
    next.prompt();
    return { ...argument, schedules, unwatch, next, looked: bothClocks(argument.clock) };
  },
  receive: async (state, _message, context) => {
    const { next, log, lead, periodMs = defaultPeriodMs } = state;
    next.begin();
    try {
      next.within(Math.min(await look(state), periodMs));
    } catch (thrown) {
      const fault = Fault.from(thrown);
      log.warn({ fault: fault.toWire(), term: lead.term }, 'schedules were not looked at');
      if (fault.code === 'TERM_OVER') context.stop();
      next.within(periodMs);
    }
    return state;
  },
  terminate: ({ unwatch }) => {
    for (const end of unwatch) end();
  },
  describe: ({ lead: { term }, schedules }) => ({ term, schedules: [...schedules.keys()].sort() }),
};

/** Answers when to look again, ms. */
async function look(state: SchedulerState): Promise<number> {
  const { wall, monotonic } = state.looked;
  state.looked = bothClocks(state.clock);
  const jumped = state.looked.wall - wall - (state.looked.monotonic - monotonic) > jumpMs;
  const turns = [...state.schedules.values()].sort(byTurn);
  let within = Infinity;
  for (const kept of turns) {
    // A thousand of them, when a leader begins, take half a second together.
    if (!kept.isFound) await setImmediate();
    if (!state.lead.isCurrent) return Infinity;
    within = Math.min(within, await attend(state, kept, jumped));
  }
  return within;
}

/** Whoever has waited for longest comes first. */
function byTurn({ waitingSince: one }: KeptSchedule, { waitingSince: other }: KeptSchedule): number {
  return one === other ? 0 : one - other;
}

/** Sees to one schedule; one that cannot be kept holds up no other. Answers when to look again, ms. */
async function attend(state: SchedulerState, kept: KeptSchedule, jumped: boolean): Promise<number> {
  const { log, clock, schedules } = state;
  const { name } = kept.record.spec;
  try {
    if (kept.isIdle(clock.now())) return kept.nextAt - clock.now();
    await seeTo(state, kept, jumped);
    const { nextAt } = schedules.get(name) ?? kept;
    return Math.max(nextAt - clock.now(), shortestMs);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === 'NATS_UNREACHABLE' || fault.code === 'TERM_OVER') throw fault;
    if (fault.code === 'NOT_FOUND') schedules.delete(name);
    else log.error({ fault: fault.toWire(), schedule: name }, 'a schedule is not kept');
    return Infinity;
  }
}

async function seeTo(
  state: SchedulerState,
  { record: { spec }, timetable }: KeptSchedule,
  jumped: boolean,
): Promise<void> {
  const { clock } = state;
  // Also where nothing has come: what was removed, or written by a later leader, is found out before anything begins.
  let record = await change(state, spec.name, (before) =>
    decide(before, timetable, clock.now(), jumped ? 1 : undefined),
  );
  for (const { run } of runningOf(record)) record = await follow(state, record, run);
  // One after the other: what has begun, or was left out, is heard of.
  const [first] = waitingOf(record);
  if (first !== undefined) await begin(state, record, first);
}

/** Begins the run of a firing, unless another of its kind is under way. */
async function begin(state: SchedulerState, record: ScheduleRecord, firing: Firing): Promise<void> {
  const { runs, storeNode, resolve, lead, log } = state;
  const { name, job } = record.spec;
  const node = storeNode();
  if (node === undefined || !lead.isCurrent) return;
  try {
    const spec = await resolve(job);
    const { id } = await runs.start(job.kind, node, spec as RunRecord['spec'], firing.run);
    await change(state, name, (before) => settle(before, id, { state: 'running' }));
    log.info({ schedule: name, run: id, late: state.clock.now() - firing.at }, 'a schedule has fired');
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === 'RUN_ACTIVE') {
      await giveWay(state, record, firing, fault);
      return;
    }
    if (fault.disposition === 'retry' || fault.code === 'TERM_OVER' || fault.code === 'NOT_FOUND')
      throw fault;
    log.error({ fault: fault.toWire(), schedule: name }, 'the run of a schedule did not begin');
    await change(state, name, (before) => settle(before, firing.run, failed(fault.message)));
  }
}

/** Another run of the kind is under way. */
async function giveWay(
  state: SchedulerState,
  record: ScheduleRecord,
  firing: Firing,
  { details }: Fault,
): Promise<void> {
  const { overlap, name } = record.spec;
  const other = String(details['run']);
  const skipped = { state: 'skipped', reason: `${other} was under way` } as const;
  if (overlap === 'skip') await change(state, name, (before) => settle(before, firing.run, skipped));
  // The end of a run is heard of, and prompts the next look.
  const isOwn = runningOf(record).some(({ run }) => run === other);
  if (overlap === 'cancel-running' && isOwn)
    await state.runs.end(other, { state: 'cancelled' }).catch(unlessOver);
}

/** Writes down what has become of a run that has begun. */
async function follow(state: SchedulerState, record: ScheduleRecord, id: string): Promise<ScheduleRecord> {
  const run = await state.runs.get(id);
  // One that rests will go on.
  if (run?.state === 'running' || run?.state === 'paused') return record;
  const outcome =
    run?.fault === undefined ? { state: run?.state ?? ('lost' as const) } : failed(run.fault.message);
  return await change(state, record.spec.name, (before) => settle(before, id, outcome));
}

function failed(message: string): Pick<Firing, 'state' | 'reason'> {
  return { state: 'failed', reason: message.slice(0, longestReason) };
}

async function change(
  { records, lead, schedules }: SchedulerState,
  name: string,
  by: ScheduleChange,
): Promise<ScheduleRecord> {
  const changed = await records.change(name, by, lead.term);
  schedules.set(name, new KeptSchedule(changed));
  return changed;
}

function unlessOver(thrown: unknown): void {
  const fault = Fault.from(thrown);
  if (fault.code !== 'RUN_OVER' && fault.code !== 'NOT_FOUND') throw fault;
}

function bothClocks(clock: Clock): SchedulerState['looked'] {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}
