import type { WriteOutcome } from '../src/store/tag-store.ts';
import type { TaggedPhoto } from '../src/store/tagged-photo.ts';

/** Where the results of the cluster are kept: on one node, which every writer reaches, or in a database. */
export interface ResultStore {
  /**
   * Keeps tags, and features and thumbnails of those photos whose tags count; the answer has one outcome each. All of it is durable once this
   * resolves. A batch that was kept may be kept again.
   * @throws Fault `STORE_UNAVAILABLE`, `FEATURES_UNAVAILABLE`, `NODE_UNAVAILABLE`, `NATS_UNREACHABLE` while it is away
   */
  keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]>;
}

/** Results in stores that this node has open. */
export interface OwnResultStore extends ResultStore {
  /** Does something between two batches: a photo that is whole has tags and features of the same submission then. */
  between<T>(work: () => Promise<T>): Promise<T>;
  /** Whether all of a photo is kept of which anything is. */
  isWhole(photoId: string): boolean;
}
