import { isTimeZone, localTime } from '../base/local-time.ts';
import type { ReplyOf } from '../transport/requests.ts';
import type { Firing, ScheduleStatus } from '../transport/schedule-record.ts';
import { printable } from './printable.ts';
import { pairs, table } from './table.ts';

/** Schedules: when they fire next by the clocks of their zone, and what became of the last time. */
export function scheduleTable(schedules: readonly ScheduleStatus[]): string {
  if (schedules.length === 0) return 'There are no schedules.';
  return table(
    [
      { head: 'SCHEDULE', cell: ({ spec }) => spec.name },
      { head: 'JOB', cell: ({ spec }) => spec.job.kind },
      { head: 'WHEN', cell: ({ spec }) => spec.when },
      { head: 'ZONE', cell: ({ spec }) => spec.zone },
      { head: 'NEXT', cell: nextText },
      { head: 'LAST', cell: ({ spec, last }) => last && timeText(last.at, spec.zone) },
      { head: 'OUTCOME', cell: ({ last }) => last?.state },
    ],
    schedules,
  );
}

/** A schedule, then what became of its last times. */
export function scheduleCard({ firings, ...schedule }: ReplyOf<'scheduleShow'>): string {
  const { spec, state } = schedule;
  const { kind, ...job } = spec.job;
  const card = pairs([
    ['schedule', spec.name],
    ['state', state],
    ['when', `${spec.when}, by the clocks of ${spec.zone}`],
    ...(spec.when.startsWith('every') ? [['start', spec.start.replace('T', ' ')] as const] : []),
    ['next', nextText(schedule)],
    ['overlap', spec.overlap],
    ['catch up', spec.catchUp],
    ['job', kind],
    ...Object.entries(job).map(([name, value]) => [`  ${name}`, valueText(value)] as const),
  ]);
  return `${card}\n\n${firings.length === 0 ? 'It has not fired yet.' : firingTable(firings, spec.zone)}`;
}

/** What was added, in a sentence. */
export function addedLine(schedule: ScheduleStatus): string {
  const { name, zone } = schedule.spec;
  return printable(`Added the schedule ${name}; it fires at ${nextText(schedule)} (${zone}).`);
}

/** What a pause or a resume has made of a schedule, in a sentence. */
export function stateLine(schedule: ScheduleStatus): string {
  const { name, zone } = schedule.spec;
  return printable(
    schedule.state === 'paused'
      ? `The schedule ${name} is paused until \`cluster schedule resume ${name}\`.`
      : `The schedule ${name} is active; it fires at ${nextText(schedule)} (${zone}).`,
  );
}

/** What becomes of a firing that was asked for, in a sentence. */
export function firedLine({ run, state, reason }: Firing): string {
  return printable(
    state === 'skipped'
      ? `It does not fire: ${reason ?? 'it was left out'}.`
      : `It fires as the run ${run}; \`cluster schedule show\` says what becomes of it.`,
  );
}

/** What was removed, in a sentence. */
export function removedLine({ removed }: ReplyOf<'scheduleRemove'>): string {
  return printable(`Removed the schedule ${removed}.`);
}

function firingTable(firings: readonly Firing[], zone: string): string {
  return table(
    [
      { head: 'TIME', cell: (firing) => firingText(firing, zone) },
      { head: 'OUTCOME', cell: ({ state }) => state },
      { head: 'RUN', cell: ({ state, run }) => (state === 'skipped' ? undefined : run) },
      { head: 'WHY', cell: ({ reason, asked }) => reason ?? (asked ? 'asked for' : undefined) },
    ],
    firings,
  );
}

/** Of times that have passed unseen, the first and the last. */
function firingText({ at, since }: Firing, zone: string): string {
  const last = timeText(at, zone);
  return since === undefined || since === at ? last : `${timeText(since, zone)} to ${last}`;
}

function nextText({ spec, nextAt }: ScheduleStatus): string {
  return nextAt === undefined ? 'never' : timeText(nextAt, spec.zone);
}

function timeText(ms: number, zone: string): string {
  // This machine may know fewer zones than the nodes.
  const [known, mark] = isTimeZone(zone) ? [zone, ''] : ['UTC', ' UTC'];
  return localTime(ms, known).replace('T', ' ') + mark;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return String(value);
}
