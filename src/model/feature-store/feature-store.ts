import { Fault } from '../../base/errors.ts';
import { checkPhotoId } from '../../base/ids.ts';
import type { QuantisedFeatures } from '../../vision/quantised-features.ts';
import type { ExtractorReference } from '../model-header.ts';
import type { FeatureSelection, FeatureSnapshot } from './feature-snapshot.ts';

/** A photo's features. */
export interface FeatureRow {
  readonly id: string;
  readonly features: QuantisedFeatures;
}

/** What one extractor says of a photo. */
export interface ExtractedFeatures {
  readonly extractor: ExtractorReference;
  readonly features: QuantisedFeatures;
}

/** What extractors say of a photo, an entry each. */
export interface PhotoFeatures {
  readonly id: string;
  readonly features: readonly ExtractedFeatures[];
}

/** Ids that are removed while somebody looks. */
export interface RemovalWatch {
  readonly removed: ReadonlySet<string>;
  end(): void;
}

/**
 * Features of photos by one extractor, wherever they are kept. Every implementation passes `test/contract/feature-store.contract.ts`.
 *
 * Threads read them from files, which a snapshot or a selection names: the store's own, or copies.
 */
export interface FeatureStore {
  readonly extractor: ExtractorReference;
  /** Whether a photo has features. */
  has(id: string): Promise<boolean>;
  /** All that there is now. What it names stays readable until it is {@link release}d, or the store is opened again. */
  snapshot(): Promise<FeatureSnapshot>;
  /** Where the rows of photos are now. They stay readable as those of a {@link snapshot} do. */
  select(ids: readonly string[]): Promise<FeatureSelection>;
  /** Says that a snapshot or selection is not read any more; safe to repeat. */
  release(held: Pick<FeatureSnapshot, 'id'>): Promise<void>;
}

/**
 * Features of photos by every extractor.
 *
 * Every method rejects with Fault `FEATURES_UNAVAILABLE` or `STORE_UNAVAILABLE` while they are away.
 */
export interface FeatureStores {
  /** The store of an extractor; made where there is none. */
  of(extractor: ExtractorReference): Promise<FeatureStore>;
  /**
   * Stores features of photos that have no result; durable when resolved. If it rejects, some may be stored.
   * @param except - ids whose features are not stored; looked at last
   * @throws Fault `PHOTO_ID`, `REQUEST_INVALID`; `DISK_FULL`, `FILE_WRITE`, `FEATURES_FULL`
   */
  append(photos: readonly PhotoFeatures[], except?: ReadonlySet<string>): Promise<void>;
  /** Notes what is removed from now on, so that what was found before that is not stored after it. */
  watchRemovals(): RemovalWatch;
  /**
   * Removes a photo's features of every extractor, durably; their bytes are erased soon.
   * @param upTo - the last submission that is forgotten: features that are known to be of a later one stay
   * @returns how many rows that were
   */
  remove(id: string, upTo: { readonly epoch: number; readonly sequence: number }): Promise<number>;
}

/**
 * Refuses a row that no store of an extractor could keep.
 * @throws Fault `PHOTO_ID`, `REQUEST_INVALID`
 */
export function checkFeatureRow(row: FeatureRow, { dims }: ExtractorReference): FeatureRow {
  checkPhotoId(row.id);
  const { offset, scale, values } = row.features;
  if (values.length === dims && Number.isFinite(offset) && Number.isFinite(scale)) return row;
  const reason = `the features of photo ${row.id} are not ${String(dims)} finite numbers`;
  throw new Fault('REQUEST_INVALID', { reason });
}

/** Names the store of an extractor: of other parameters, it is another one. */
export function featureStoreName({ id, version, parametersHash }: ExtractorReference): string {
  return `${id}-${String(version)}-${parametersHash.slice(0, 16)}`;
}

/** What photos have, by extractor. */
export function rowsByExtractor(
  photos: readonly PhotoFeatures[],
): Iterable<{ readonly extractor: ExtractorReference; readonly rows: readonly FeatureRow[] }> {
  const groups = new Map<string, { extractor: ExtractorReference; rows: FeatureRow[] }>();
  for (const { id, features: found } of photos)
    for (const { extractor, features } of found) {
      const name = featureStoreName(extractor);
      const group = groups.get(name) ?? { extractor, rows: [] };
      groups.set(name, group);
      group.rows.push({ id, features });
    }
  return groups.values();
}
