import type { CorrectedPage, CorrectionRequest } from './corrections.ts';
import type { Facets, TagCount } from './facets.ts';
import type { SearchQuery } from './search-query.ts';
import { SupervisedStore } from './supervised-store.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  RescoredBatch,
  RescoreOutcome,
  RowRange,
  SearchPage,
  StoredPhoto,
  Submission,
  TagResult,
  TagStore,
  TagStoreStats,
  WriteOutcome,
} from './tag-store.ts';

/** A tag store that its supervisor opens again when it has broken down, see {@link SupervisedStore}. */
export class SupervisedTagStore<Store extends TagStore = TagStore>
  extends SupervisedStore<Store>
  implements Omit<TagStore, 'exited'>
{
  write(batch: readonly TagResult[]): Promise<WriteOutcome[]> {
    return this.use((store) => store.write(batch));
  }

  rescore(batch: RescoredBatch): Promise<RescoreOutcome[]> {
    return this.use((store) => store.rescore(batch));
  }

  outdated(which: Outdated, page: RowRange): Promise<OutdatedPage> {
    return this.use((store) => store.outdated(which, page));
  }

  correct(request: CorrectionRequest): Promise<boolean> {
    return this.use((store) => store.correct(request));
  }

  corrected(page: RowRange): Promise<CorrectedPage> {
    return this.use((store) => store.corrected(page));
  }

  get(photoId: string): Promise<StoredPhoto | undefined> {
    return this.use((store) => store.get(photoId));
  }

  search(query: SearchQuery, page: Page): Promise<SearchPage> {
    return this.use((store) => store.search(query, page));
  }

  facets(query: SearchQuery, limit: number): Promise<Facets> {
    return this.use((store) => store.facets(query, limit));
  }

  complete(prefix: string, limit: number): Promise<TagCount[]> {
    return this.use((store) => store.complete(prefix, limit));
  }

  forget(photoId: string, upTo?: Submission): Promise<boolean> {
    return this.use((store) => store.forget(photoId, upTo));
  }

  stats(): Promise<TagStoreStats> {
    return this.use((store) => store.stats());
  }

  health(): Promise<void> {
    return this.use((store) => store.health());
  }
}
