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

/** Where the rows of some photos are: plain data, by which a thread reads them. */
export interface FeatureSelection {
  /** Names it to the store that made it. */
  readonly id: number;
  readonly extractor: ExtractorReference;
  readonly segments: readonly Pick<SnapshotSegment, 'slot' | 'files'>[];
  /** For each photo, in the order that was asked; `undefined` for one that has no features. */
  readonly places: readonly (number | undefined)[];
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

/** What reads the rows of a selection: ids, and which rows count, it has not. */
export function snapshotOfRows({
  extractor,
  segments,
}: Pick<FeatureSelection, 'extractor' | 'segments'>): FeatureSnapshot {
  const unseen = { idsEnd: 0, live: new Uint8Array() };
  return { id: 0, extractor, photos: 0, segments: segments.map((segment) => ({ ...segment, ...unseen })) };
}
