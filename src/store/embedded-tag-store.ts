import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { checkCorrections } from './corrections.ts';
import type { CorrectedPage, CorrectionRequest } from './corrections.ts';
import type { Facets, TagCount } from './facets.ts';
import { checkRescored } from './rescored-batch.ts';
import { searchTerm } from './search-query.ts';
import type { SearchQuery } from './search-query.ts';
import type { Calls } from './store-messages.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderCalls } from './tag-reader.ts';
import { checkTagResult } from './tag-store.ts';
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
import type { WriterCalls } from './tag-writer.ts';

const day = 24 * 60 * 60 * 1000;

/** How an {@link EmbeddedTagStore} is opened. */
export interface EmbeddedTagStoreOptions {
  /** Path of the database, made if it is missing; its folder must exist. */
  readonly file: string;
  /** How long a forgotten photo is remembered as such, ms. Default 30 days: longer than any redelivery takes. */
  readonly tombstoneTtlMs?: number;
  /** Page cache of each of the two connections, KiB. Default 64 MiB. */
  readonly cacheKib?: number;
  /** How long a lock of another process is waited for, ms. Default 5,000. */
  readonly busyTimeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * A tag store that needs no server: SQLite in two threads of its own, one that writes and one that reads, so that
 * neither an fsync nor a long search blocks the event loop or the other. It belongs to one process at a time.
 *
 * If either thread ends unasked, the store breaks down as a whole: whatever waits is rejected with
 * `STORE_UNAVAILABLE`, {@link exited} resolves to the reason, and its supervisor opens a new one.
 */
export class EmbeddedTagStore implements TagStore {
  readonly exited: Promise<Fault | undefined>;
  readonly #writer: StoreThread<WriterCalls>;
  readonly #reader: StoreThread<ReaderCalls>;
  readonly #clock: Clock;
  readonly #tombstoneTtlMs: number;

  private constructor(
    writer: StoreThread<WriterCalls>,
    reader: StoreThread<ReaderCalls>,
    options: EmbeddedTagStoreOptions,
  ) {
    this.#writer = writer;
    this.#reader = reader;
    this.#clock = options.clock ?? systemClock;
    this.#tombstoneTtlMs = options.tombstoneTtlMs ?? 30 * day;
    this.exited = Promise.all([endTogether(writer, reader), endTogether(reader, writer)]).then(
      ([fault, other]) => fault ?? other,
    );
  }

  /**
   * Opens the store and brings its schema up to date.
   * @throws Fault `STORE_UNAVAILABLE`, `STORE_VERSION`, `STORE_FORMAT`
   */
  static async open(options: EmbeddedTagStoreOptions): Promise<EmbeddedTagStore> {
    const database = {
      file: options.file,
      cacheKib: options.cacheKib ?? 64 * 1024,
      busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
    };
    // The writer first: it makes and migrates what the reader reads.
    const writer = await StoreThread.open<WriterCalls>({ role: 'writer', database });
    try {
      const reader = await StoreThread.open<ReaderCalls>({ role: 'reader', database });
      return new EmbeddedTagStore(writer, reader, options);
    } catch (thrown) {
      await writer.stop();
      throw thrown;
    }
  }

  async write(batch: readonly TagResult[]): Promise<WriteOutcome[]> {
    batch.forEach(checkTagResult);
    return this.#writer.call('write', batch);
  }

  async rescore(batch: RescoredBatch): Promise<RescoreOutcome[]> {
    checkRescored(batch);
    return this.#writer.call('rescore', batch);
  }

  async outdated(which: Outdated, page: RowRange): Promise<OutdatedPage> {
    return this.#reader.call('outdated', which, page);
  }

  async correct(request: CorrectionRequest): Promise<boolean> {
    checkCorrections(request);
    return this.#writer.call('correct', request);
  }

  async corrected(page: RowRange): Promise<CorrectedPage> {
    return this.#reader.call('corrected', page);
  }

  async get(photoId: string): Promise<StoredPhoto | undefined> {
    return this.#reader.call('get', checkPhotoId(photoId));
  }

  async search(query: SearchQuery, page: Page): Promise<SearchPage> {
    return this.#reader.call('search', query, page);
  }

  async facets(query: SearchQuery, limit: number): Promise<Facets> {
    return this.#reader.call('facets', query, limit);
  }

  async complete(prefix: string, limit: number): Promise<TagCount[]> {
    return this.#reader.call('complete', searchTerm(prefix), limit);
  }

  async forget(photoId: string, upTo?: Submission): Promise<boolean> {
    const now = this.#clock.now();
    const pruneBefore = now - this.#tombstoneTtlMs;
    return this.#writer.call('forget', { photoId: checkPhotoId(photoId), upTo, now, pruneBefore });
  }

  async stats(): Promise<TagStoreStats> {
    return this.#reader.call('stats');
  }

  async health(): Promise<void> {
    await Promise.all([this.#writer.call('health'), this.#reader.call('health')]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.stop(), this.#reader.stop()]);
    await this.exited;
  }

  /** Ends one of the threads as a crash would; the other goes with it. */
  async kill(thread: 'writer' | 'reader' = 'writer'): Promise<void> {
    const fault = new Fault('STORE_UNAVAILABLE', { reason: `its ${thread} was killed` });
    await (thread === 'writer' ? this.#writer : this.#reader).kill(fault);
    await this.exited;
  }
}

/** Resolves when the thread has ended; if it broke down, so does the other. */
async function endTogether<C extends Calls<C>, D extends Calls<D>>(
  thread: StoreThread<C>,
  other: StoreThread<D>,
): Promise<Fault | undefined> {
  const fault = await thread.exited;
  if (fault !== undefined) await other.kill(fault);
  return fault;
}
