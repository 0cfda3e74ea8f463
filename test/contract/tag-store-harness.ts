import type { Clock } from '../../src/base/clock.ts';
import type { TagStore } from '../../src/store/tag-store.ts';

/** What every implementation takes. */
export interface TagStoreOptions {
  readonly clock?: Clock;
  readonly tombstoneTtlMs?: number;
}

/** How the suite gets at one implementation. */
export interface TagStoreHarness {
  /** An empty store. */
  create(options?: TagStoreOptions): Promise<TagStore>;
  /** Opens what a closed store has left. */
  reopen(store: TagStore): Promise<TagStore>;
  /** Frees whatever the store has used. */
  destroy(store: TagStore): Promise<void>;
}
