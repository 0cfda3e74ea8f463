import type { Fault } from '../base/errors.ts';
import { compareSubmissions } from './tag-store.ts';
import type { Submission } from './tag-store.ts';

/** The thumbnail of a photo as it was submitted once, or that this submission has none. */
export interface PhotoThumbnail {
  readonly photoId: string;
  readonly submission: Submission;
  /** WebP, some kilobytes. */
  readonly webp?: Uint8Array | undefined;
}

/** Size of a {@link ThumbnailStore}. */
export interface ThumbnailStoreStats {
  /** On disk. */
  readonly bytes: number;
}

/**
 * Where the thumbnails of photos are kept, one a photo. Every implementation passes `test/contract/thumbnail-store.contract.ts`.
 *
 * It knows no tombstones: whoever puts knows from the tag store that the submission counts, and is not forgotten.
 *
 * Every method rejects with Fault `STORE_UNAVAILABLE` while the store is away.
 */
export interface ThumbnailStore {
  /**
   * Keeps thumbnails in one transaction: all of it is durable once this resolves. One replaces that of the same submission or an earlier one;
   * a submission without a thumbnail removes that of an earlier one, which shows other bytes.
   */
  put(batch: readonly PhotoThumbnail[]): Promise<void>;
  /** WebP, or `undefined`. */
  get(photoId: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Removes the thumbnail of a photo if it is of submission `upTo` or an earlier one; resolves to whether it was. */
  forget(photoId: string, upTo: Submission): Promise<boolean>;
  stats(): Promise<ThumbnailStoreStats>;
  /** See `TagStore.exited`. */
  readonly exited: Promise<Fault | undefined>;
  /** Finishes what was asked before and ends; safe to repeat. */
  close(): Promise<void>;
  /** Ends now, as a crash would: what waits is rejected, what was answered stays. */
  kill(): Promise<void>;
}

/** Each photo of a batch once, with what counts in the end. */
export function latestOf(batch: readonly PhotoThumbnail[]): PhotoThumbnail[] {
  const latest = new Map<string, PhotoThumbnail>();
  for (const next of batch) {
    const before = latest.get(next.photoId);
    const order = before === undefined ? 1 : compareSubmissions(next.submission, before.submission);
    if (order > 0 || (order === 0 && next.webp !== undefined)) latest.set(next.photoId, next);
  }
  return [...latest.values()];
}
