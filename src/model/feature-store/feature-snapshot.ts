import type { ExtractorReference } from '../model-header.ts';
import type { SegmentFiles } from './segment.ts';

/** What a store had at a moment: plain data, which a thread turns into a reader. */
export interface FeatureSnapshot {
  /** Names it to the store that made it. */
  readonly id: number;
  readonly extractor: ExtractorReference;
  readonly photos: number;
  /** By age, oldest first. */
  readonly segments: readonly SnapshotSegment[];
}

/** What of a segment belongs to a snapshot. */
export interface SnapshotSegment {
  readonly slot: number;
  readonly files: SegmentFiles;
  /** Where the frames of ids end. */
  readonly idsEnd: number;
  /** Which rows count: bit r mod 8 of byte r / 8. */
  readonly live: Uint8Array<ArrayBuffer>;
}
