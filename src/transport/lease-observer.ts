import type { Clock } from '../base/clock.ts';

/** How long others take a lease for good, and by which clock. */
export interface LeaseTimes {
  /** Monotonic time is all that is used of it: wall clocks of nodes may differ. */
  readonly clock: Clock;
  /** A lease that is not renewed for so long has expired. */
  readonly leaseMs: number;
}

interface Look {
  readonly revision: number;
  /** For how long that has been its revision, as observed. */
  readonly unchangedMs: number;
  /** Monotonic. */
  readonly at: number;
}

/**
 * Judges other processes' leases: one whose revision stays the same for `leaseMs` of this process's own time has expired.
 *
 * Expiry raises no event, so somebody has to look again and again. From one look to the next, half a lease passes at
 * most, however long it took: whoever could not renew while KV was away, or this process stood still, gets time to.
 */
export class LeaseObserver {
  readonly #times: LeaseTimes;
  readonly #looks = new Map<string, Look>();

  constructor(times: LeaseTimes) {
    this.#times = times;
  }

  /** Notes the revision of a lease that was read just now; tells whether it has expired. */
  hasExpired(key: string, revision: number): boolean {
    const { clock, leaseMs } = this.#times;
    const at = clock.monotonic();
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
