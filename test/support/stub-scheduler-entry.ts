// A stub member whose scheduler fires schedules, in a process of its own, for tests that kill it around a firing.
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { RunRecords } from '../../src/transport/run-records.ts';
import type { ScheduleRecord } from '../../src/transport/schedule-record.ts';
import { ScheduleRecords } from '../../src/transport/schedule-records.ts';
import { schedulerKeeper } from '../../actors/scheduler-keeper.ts';
import { StubMember } from './stub-member.ts';

/** What a test tells the process: to stand still at a place, or what its wall clock shows. */
export type SchedulerOrder =
  { readonly type: 'hold'; readonly at: SchedulerPlace } | { readonly type: 'clock'; readonly now: number };
/** Around the beginning of a run: the firing is on record; the run is; that it began is. */
export type SchedulerPlace = 'decided' | 'begun' | 'noted';
/** What it says. */
export interface SchedulerMessage {
  readonly type: 'joined' | 'leads' | 'held';
}

const [url = '', name = '', folder = '', now = ''] = process.argv.slice(2);
let hold: SchedulerPlace | undefined;
let wallMs = Number(now);

process.on('message', (order: SchedulerOrder) => {
  if (order.type === 'hold') hold = order.at;
  else wallMs = order.now;
});
process.on('disconnect', () => process.exit(0));

const clock: Clock = { ...systemClock, now: () => wallMs, monotonic: () => wallMs };
const member = await StubMember.join(url, name, { folder });
const records = await ScheduleRecords.open(member.connection);
const runs = await RunRecords.open(member.connection);
const started = await member.system.spawn(schedulerKeeper, {
  ...{ records: holding(records), clock, periodMs: 20, log: silentLog },
  runs: {
    start: async (...run: Parameters<RunRecords['start']>) => {
      standStill('decided');
      const record = await runs.start(...run);
      standStill('begun');
      return record;
    },
    ...{ get: runs.get.bind(runs), end: runs.end.bind(runs), watch: runs.watch.bind(runs) },
  },
  storeNode: () => 'n1',
  resolve: (job: ScheduleRecord['spec']['job']) => Promise.resolve(job),
});
if (!started.ok) throw started.fault;
process.send?.({ type: 'joined' });
let said = false;
for (;;) {
  if (member.lead?.isCurrent === true && !said) process.send?.({ type: 'leads' });
  said = member.lead?.isCurrent === true;
  await new Promise((resolve) => setTimeout(resolve, 20));
}

function holding(real: ScheduleRecords): ScheduleRecords {
  const change = real.change.bind(real);
  real.change = async (...of) => {
    const changed = await change(...of);
    if (changed.firings.some(({ state }) => state === 'running')) standStill('noted');
    return changed;
  };
  return real;
}

/** Long enough for the test to kill this process in it. */
function standStill(place: SchedulerPlace): void {
  if (hold !== place) return;
  hold = undefined;
  process.send?.({ type: 'held' }, () => undefined);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
}
