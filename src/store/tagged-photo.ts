import type { ExtractedFeatures } from '../model/feature-store/feature-store.ts';
import type { TagResult } from './tag-store.ts';

/** What is kept of a tagged photo: its row, the features that it was tagged by, and its thumbnail if it has one. */
export interface TaggedPhoto {
  readonly result: TagResult;
  readonly features: readonly ExtractedFeatures[];
  /** WebP. */
  readonly thumbnail?: Uint8Array<ArrayBuffer> | undefined;
}
