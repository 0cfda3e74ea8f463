/** What an actor is at, as far as it tells how soon an operator should see it. */
export interface ActorLoad {
  /** How long it has been at one message, ms; `null` between messages. */
  readonly busyMs: number | null;
  /** Messages that wait. */
  readonly waiting: number;
  /** Messages that it handles in a second. */
  readonly perSecond: number;
}

/** From here on, one message is taken for what an operator looks for first, ms. */
const longMs = 1_000;

/** Sorts actors: first who has been long at one message, then whose mailbox is fullest, then who handles most. */
export function byUrgency(one: ActorLoad, other: ActorLoad): number {
  return long(other) - long(one) || other.waiting - one.waiting || other.perSecond - one.perSecond;
}

function long({ busyMs }: ActorLoad): number {
  return busyMs !== null && busyMs >= longMs ? busyMs : 0;
}
