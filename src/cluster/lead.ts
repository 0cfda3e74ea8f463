import type { KeyLease } from '../transport/key-lease.ts';

/**
 * One term of leadership of this node.
 *
 * It may end at any moment, also while this process stands still; so whatever is exclusive asks {@link isCurrent} right
 * before, and what is written carries the term, see `writeAsLeader`.
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
}
