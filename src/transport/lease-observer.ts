import type { Clock } from '../base/clock.ts';

interface Look {
  readonly revision: number;
  /** For how long that has been its revision, as observed. */
  readonly unchangedMs: number;
  /** Monotonic. */
  readonly at: number;
}

/**
 * Judges other processes' leases: one whose revision stays the same for as long as its holder asked for has expired, by this
 * process's own monotonic clock; wall clocks may differ.
 *
 * Expiry raises no event, so somebody has to look again and again. From one look to the next, half a lease passes at
 * most, however long it took: whoever could not renew while KV was away, or this process stood still, gets time to.
 */
export class LeaseObserver {
  readonly #clock: Clock;
  readonly #looks = new Map<string, Look>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes the revision of a lease that was read just now; tells whether it has expired. */
  hasExpired(key: string, revision: number, leaseMs: number): boolean {
    const at = this.#clock.monotonic();
    const last = this.#looks.get(key);
    const unchangedMs =
      last?.revision === revision ? last.unchangedMs + Math.min(at - last.at, leaseMs / 2) : 0;
    this.#looks.set(key, { revision, unchangedMs, at });
    return unchangedMs >= leaseMs;
  }

  /** Begins anew. */
  forget(): void {
    this.#looks.clear();
  }
}
