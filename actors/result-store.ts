import type { ExtractedFeatures } from '../src/model/feature-store/feature-store.ts';
import type { TagResult, WriteOutcome } from '../src/store/tag-store.ts';

/** What is kept of a tagged photo: its row, the features that it was tagged by, and its thumbnail if it has one. */
export interface TaggedPhoto {
  readonly result: TagResult;
  readonly features: readonly ExtractedFeatures[];
  /** WebP. */
  readonly thumbnail?: Uint8Array<ArrayBuffer> | undefined;
}

/** Where the results of the cluster are kept: on one node, which every writer reaches. */
export interface ResultStore {
  /**
   * Keeps tags, then the features and thumbnails of those photos whose tags count; the answer has one outcome each. All of it is durable once this
   * resolves. A batch that was kept may be kept again.
   * @throws Fault `STORE_UNAVAILABLE`, `FEATURES_UNAVAILABLE`, `NODE_UNAVAILABLE`, `NATS_UNREACHABLE` while it is away
   */
  keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]>;
}
