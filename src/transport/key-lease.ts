import type { Clock } from '../base/clock.ts';
import type { LeaseRecord } from './cluster-records.ts';
import type { JsonBucket, Revised } from './json-bucket.ts';
import { LeaseObserver } from './lease-observer.ts';

/** Who wants a lease. */
export type LeaseHolder = Pick<LeaseRecord, 'holder' | 'node' | 'folder'>;

/** How long a lease is, and by which clock its holder knows. */
export interface LeaseTimes {
  /** Only its monotonic time is used. */
  readonly clock: Clock;
  /** Unless it is renewed for so long, others may take it. Each holder may have another. */
  readonly leaseMs: number;
}

/** How often a lease is renewed, and looked at, ms: a third of it, so that two renewals may be lost. */
export function renewalPeriodMs({ leaseMs }: Pick<LeaseTimes, 'leaseMs'>): number {
  return Math.ceil(leaseMs / 3);
}

/** What a lease works with. */
export interface KeyLeaseOptions extends LeaseTimes {
  readonly bucket: Pick<JsonBucket<LeaseRecord>, 'get' | 'put'>;
  readonly key: string;
  readonly self: LeaseHolder;
}

interface Held {
  readonly term: number;
  readonly revision: number;
  /** When the write was sent that the server has confirmed last; monotonic. */
  readonly since: number;
}

// Clocks of two machines do not run at quite the same rate.
const holderShare = 0.98;

/**
 * A lease on one key: at most one of those who want it has it, whatever the time of their clocks, and whoever of them
 * stands still.
 *
 * The holder's time runs from when it sent its last renewal that was confirmed; that of the others from when they first
 * read what that renewal wrote, which is later, and it runs longer. Every write is conditional on the revision. It has no timer: whoever
 * owns it takes a {@link step} every {@link renewalPeriodMs}, one at a time.
 */
export class KeyLease {
  readonly #options: KeyLeaseOptions;
  readonly #observer: LeaseObserver;
  #mine: Held | undefined;

  constructor(options: KeyLeaseOptions) {
    this.#options = options;
    this.#observer = new LeaseObserver(options.clock);
  }

  /**
   * The term under which this process holds the lease now, by its own clock; `undefined` if it does not. To be asked
   * right before each act: a process that stood still does not know.
   */
  get term(): number | undefined {
    const { clock, leaseMs } = this.#options;
    const mine = this.#mine;
    return mine !== undefined && clock.monotonic() < mine.since + holderShare * leaseMs
      ? mine.term
      : undefined;
  }

  /**
   * Renews the lease, or takes it if it is free or has expired.
   * @returns the record of whoever has it instead, `undefined` if this process has it
   * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`: nothing is known, and the time runs
   */
  async step(): Promise<Revised<LeaseRecord> | undefined> {
    const { bucket, key } = this.#options;
    const mine = this.#mine;
    if (mine !== undefined && (await this.#write(mine.term, mine.revision))) return undefined;
    for (;;) {
      const found = await bucket.get(key);
      if (found !== undefined && !this.#mayTake(found)) return found;
      if (await this.#write(this.#nextTerm(found?.value), found?.revision ?? 0)) return undefined;
    }
  }

  /**
   * Gives the lease up, so that another may take it at once; not called while a step is under way.
   * @throws Fault `NATS_UNREACHABLE`: it will expire
   */
  async release(): Promise<void> {
    const { bucket, key } = this.#options;
    const mine = this.#mine;
    this.#mine = undefined;
    if (mine !== undefined) await bucket.put(key, this.#record(mine.term, false), mine.revision);
  }

  /** Writes it on the condition that nobody else has written since `revision`; tells whether that held. */
  async #write(term: number, revision: number): Promise<boolean> {
    const { bucket, key, clock } = this.#options;
    const since = clock.monotonic();
    const written = await bucket.put(key, this.#record(term, true), revision);
    this.#mine = written === undefined ? undefined : { term, revision: written, since };
    return written !== undefined;
  }

  #record(term: number, held: boolean): LeaseRecord {
    const { self, leaseMs } = this.#options;
    return { ...self, leaseMs, term, held };
  }

  #mayTake({ value, revision }: Revised<LeaseRecord>): boolean {
    const { key, self } = this.#options;
    const hasExpired = this.#observer.hasExpired(key, revision, value.leaseMs);
    // The one before it with its data folder is gone: the folder is locked.
    const isPredecessor = value.node === self.node && value.folder === self.folder;
    return !value.held || this.#isOurs(value) || isPredecessor || hasExpired;
  }

  /** Ours is a record whose confirmation was lost: nobody else has had the lease since, so its term goes on. */
  #nextTerm(found: LeaseRecord | undefined): number {
    if (found === undefined) return 1;
    return found.held && this.#isOurs(found) ? found.term : found.term + 1;
  }

  #isOurs({ holder }: LeaseRecord): boolean {
    return holder === this.#options.self.holder;
  }
}

/**
 * Ends the lease of a holder that was found expired, so that it notices when it comes back.
 * @returns whether that was still so
 * @throws Fault `NATS_UNREACHABLE`
 */
export async function endLease(
  bucket: Pick<JsonBucket<LeaseRecord>, 'put'>,
  key: string,
  { value, revision }: Revised<LeaseRecord>,
): Promise<boolean> {
  return (await bucket.put(key, { ...value, held: false }, revision)) !== undefined;
}
