import { Fault } from '../base/errors.ts';
import type { JsonBucket } from '../transport/json-bucket.ts';
import type { KeyLease } from '../transport/key-lease.ts';

/** A record that the leader writes. */
export interface LedRecord {
  /** Of the leader that wrote it last. */
  readonly term: number;
}

/**
 * One term of leadership of this node, and what may be done by it.
 *
 * It may end at any moment, also while this process stands still; so whatever is exclusive asks {@link isCurrent} right
 * before, and whatever is written is refused where a later leader has written.
 */
export class Lead {
  /** Rises with each leader. */
  readonly term: number;
  readonly #lease: KeyLease;

  constructor(lease: KeyLease, term: number) {
    this.#lease = lease;
    this.term = term;
  }

  /** Whether this node leads now, by its own monotonic clock. */
  get isCurrent(): boolean {
    return this.#lease.term === this.term;
  }

  /** @throws Fault `NOT_LEADER` if this node does not lead any more */
  check(): void {
    if (!this.isCurrent) throw new Fault('NOT_LEADER', { reason: `its term ${String(this.term)} is over` });
  }

  /**
   * Changes a record as leader, and stamps this term on it.
   * @param change - what to make of the record as it is, `undefined` if there is none; it may be called again
   * @throws Fault `NOT_LEADER` if this node does not lead any more, or a later leader has written the record; nothing is changed
   * then. `NATS_UNREACHABLE`, `DISK_RESERVE`
   */
  async write<T extends LedRecord>(
    bucket: JsonBucket<T>,
    key: string,
    change: (before: T | undefined) => T,
  ): Promise<T> {
    for (;;) {
      const found = await bucket.get(key);
      if (found !== undefined && found.value.term > this.term)
        throw new Fault('NOT_LEADER', { reason: `${key} is of term ${String(found.value.term)}` });
      const changed = { ...change(found?.value), term: this.term };
      this.check();
      if ((await bucket.put(key, changed, found?.revision ?? 0)) !== undefined) return changed;
    }
  }

  /**
   * Takes records over: from then on, no leader before this one can write them, even if it wakes up in the middle of it.
   * @returns the records by key
   * @throws Fault as {@link write}
   */
  async takeOver<T extends LedRecord>(
    bucket: JsonBucket<T>,
    pattern: string,
  ): Promise<ReadonlyMap<string, T>> {
    const taken = new Map<string, T>();
    for (const [key, { value }] of await bucket.list(pattern))
      taken.set(key, await this.write(bucket, key, (before = value) => before));
    return taken;
  }
}
