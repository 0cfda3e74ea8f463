import { delay, type Clock } from '../base/clock.ts';
import { byUrgency, type ActorLoad } from '../base/urgency.ts';
import type { Inspector, MailboxStatus, Phase, Plain, ProcessStatus } from '../runtime/index.ts';

/** What an actor was at during a short time; plain data. */
export interface Activity extends ActorLoad {
  readonly name: string | null;
  readonly pid: string;
  readonly kind: string;
  readonly phase: Phase;
  /** How many may wait; `null`: no limit. */
  readonly limit: number | null;
  /** What it handles. */
  readonly current: Plain;
}

/**
 * Watches the actors for `windowMs` and ranks them by urgency.
 */
export async function topActors(
  inspector: Inspector,
  clock: Clock,
  { windowMs, limit }: { readonly windowMs: number; readonly limit: number },
): Promise<readonly Activity[]> {
  const before = new Map(inspector.list().map(({ pid, mailbox }) => [pid, mailbox?.handled]));
  const since = clock.monotonic();
  await delay(clock, windowMs);
  const seconds = (clock.monotonic() - since) / 1_000;
  return inspector
    .list()
    .flatMap((status) =>
      status.mailbox === null
        ? []
        : [activityOf(status, status.mailbox, before.get(status.pid) ?? 0, seconds)],
    )
    .sort(byUrgency)
    .slice(0, limit);
}

function activityOf(
  { name, pid, kind, phase }: ProcessStatus,
  { handled, length, limit, current }: MailboxStatus,
  handledBefore: number,
  seconds: number,
): Activity {
  return {
    name,
    pid,
    kind,
    phase,
    perSecond: (handled - handledBefore) / seconds,
    waiting: length,
    limit,
    busyMs: current?.forMs ?? null,
    current: current?.content ?? null,
  };
}
