/** For this long after a connection was lost, its server is thought to restart. */
const quickMs = 5_000;
/** Pauses between attempts, up to twice as long: a restarted server is found again at once; one that stays away costs nothing. */
const quickPauseMs = 100;
const pauseMs = 1_000;

/** What the client takes for an attempt that is due, whatever its clock says. */
const tryNow = Number.MIN_SAFE_INTEGER;

/**
 * When to try for a lost connection again, by monotonic time.
 *
 * The client adds the pause that it is given to the wall time of its last attempt. A clock that was set back would have it wait for as
 * long as that was, up to hours; so it is told to try, or how long to sleep before it asks again.
 */
export class ReconnectPace {
  readonly #now: () => number;
  #lostAt: number | undefined;
  #dueAt = 0;

  /** @param now - monotonic time, ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** It had been connected, so the next attempt is the first one of an outage. */
  connected(): void {
    this.#lostAt = undefined;
  }

  /** The pause before the next attempt, ms; less than any time if there is none left. */
  next(): number {
    const now = this.#now();
    if (this.#lostAt === undefined) {
      this.#lostAt = now;
      this.#dueAt = now;
    }
    if (now < this.#dueAt) return Math.ceil(this.#dueAt - now);
    const base = now - this.#lostAt < quickMs ? quickPauseMs : pauseMs;
    this.#dueAt = now + base + Math.random() * base;
    return tryNow;
  }
}
