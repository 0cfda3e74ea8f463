import { delay, type Clock } from '../base/clock.ts';
import type { Inspector, MailboxStatus, Phase, Plain, ProcessStatus } from '../runtime/index.ts';

/** What an actor was at during a short time; plain data. */
export interface Activity {
  readonly name: string | null;
  readonly pid: string;
  readonly kind: string;
  readonly phase: Phase;
  /** Messages and signals that it handled in a second. */
  readonly perSecond: number;
  /** Messages that wait. */
  readonly waiting: number;
  /** How many may wait; `null`: no limit. */
  readonly limit: number | null;
  /** How long it has been at what it handles, ms; `null` between messages. */
  readonly busyMs: number | null;
  /** What it handles. */
  readonly current: Plain;
}

/** From here on, one message is taken for what an operator looks for first, ms. */
const longMs = 1_000;

/**
 * Watches the actors for `windowMs` and ranks them: first who has been long at one message, then whose mailbox is
 * fullest, then who handles most.
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
    .sort(
      (one, other) =>
        long(other) - long(one) || other.waiting - one.waiting || other.perSecond - one.perSecond,
    )
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

function long({ busyMs }: Activity): number {
  return busyMs !== null && busyMs >= longMs ? busyMs : 0;
}
