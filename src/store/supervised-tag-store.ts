import { Fault } from '../base/errors.ts';
import type { CorrectedPage, CorrectionRequest } from './corrections.ts';
import type { SearchQuery } from './search-query.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  Rescored,
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

/**
 * A tag store that its supervisor opens again when it has broken down: one reference for those who use it. Meanwhile
 * every call rejects with `STORE_UNAVAILABLE`.
 */
export class SupervisedTagStore implements Omit<TagStore, 'exited'> {
  readonly #open: () => Promise<TagStore>;
  #current: TagStore | undefined;

  constructor(open: () => Promise<TagStore>) {
    this.#open = open;
  }

  /**
   * Opens the store for its supervisor.
   * @returns a promise of its end: nothing after {@link close}, else why it broke down
   * @throws Fault as the store behind it does
   */
  async start(): Promise<{ readonly exited: Promise<Fault | undefined> }> {
    const store = await this.#open();
    this.#current = store;
    const exited = store.exited.then((fault) => {
      if (this.#current === store) this.#current = undefined;
      return fault;
    });
    return { exited };
  }

  write(batch: readonly TagResult[]): Promise<WriteOutcome[]> {
    return this.#use((store) => store.write(batch));
  }

  rescore(batch: readonly Rescored[]): Promise<RescoreOutcome[]> {
    return this.#use((store) => store.rescore(batch));
  }

  outdated(which: Outdated, page: RowRange): Promise<OutdatedPage> {
    return this.#use((store) => store.outdated(which, page));
  }

  correct(request: CorrectionRequest): Promise<boolean> {
    return this.#use((store) => store.correct(request));
  }

  corrected(page: RowRange): Promise<CorrectedPage> {
    return this.#use((store) => store.corrected(page));
  }

  get(photoId: string): Promise<StoredPhoto | undefined> {
    return this.#use((store) => store.get(photoId));
  }

  search(query: SearchQuery, page: Page): Promise<SearchPage> {
    return this.#use((store) => store.search(query, page));
  }

  forget(photoId: string, upTo?: Submission): Promise<boolean> {
    return this.#use((store) => store.forget(photoId, upTo));
  }

  stats(): Promise<TagStoreStats> {
    return this.#use((store) => store.stats());
  }

  health(): Promise<void> {
    return this.#use((store) => store.health());
  }

  async close(): Promise<void> {
    await this.#current?.close();
  }

  async kill(): Promise<void> {
    await this.#current?.kill();
  }

  async #use<T>(work: (store: TagStore) => Promise<T>): Promise<T> {
    if (this.#current === undefined) throw new Fault('STORE_UNAVAILABLE', { reason: 'it is being opened' });
    return await work(this.#current);
  }
}
