import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { checkCorrections, tooManyCorrections } from './corrections.ts';
import type { CorrectedPage, CorrectionRequest } from './corrections.ts';
import { correctStatement } from './postgres/correction-statements.ts';
import { KnownNames, tagStatements } from './postgres/known-names.ts';
import {
  buryStatement,
  buryStoredStatement,
  keepStatement,
  pruneStatement,
  rescoreStatement,
} from './postgres/result-statements.ts';
import { sqlStateOf } from './postgres/server-faults.ts';
import type { PoolLimits, ServerPools } from './postgres/server-pools.ts';
import { ServerStore } from './postgres/server-store.ts';
import { TagQueries } from './postgres/tag-queries.ts';
import type { Facets, TagCount } from './facets.ts';
import { checkRescored, rescoredOf } from './rescored-batch.ts';
import { searchTerm } from './search-query.ts';
import type { SearchQuery } from './search-query.ts';
import { checkTagResult } from './tag-store.ts';
import type { TaggedPhoto } from './tagged-photo.ts';
import type {
  Outdated,
  OutdatedPage,
  Page,
  Rescored,
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

const day = 24 * 60 * 60 * 1000;

/** How a {@link PostgresTagStore} is opened. */
export interface PostgresTagStoreOptions extends PoolLimits {
  /** `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, see {@link parseStoreUrl}. */
  readonly url: string;
  /** How long a forgotten photo is remembered as such, ms. Default 30 days: longer than any redelivery takes. */
  readonly tombstoneTtlMs?: number;
  readonly clock?: Clock;
}

/**
 * A tag store in a PostgreSQL server, which any number of nodes use at once. While the server is away every call rejects
 * with `STORE_UNAVAILABLE`; the store is of use again when the server is, without being opened again.
 */
export class PostgresTagStore implements TagStore {
  readonly exited: Promise<Fault | undefined>;
  readonly #server: ServerStore;
  readonly #pools: ServerPools;
  readonly #names: KnownNames;
  readonly #queries: TagQueries;
  readonly #clock: Clock;
  readonly #tombstoneTtlMs: number;

  private constructor(
    server: ServerStore,
    { clock = systemClock, tombstoneTtlMs = 30 * day }: PostgresTagStoreOptions,
  ) {
    const { pools } = server;
    this.#server = server;
    this.#pools = pools;
    this.#names = new KnownNames(pools);
    this.#queries = new TagQueries(pools);
    this.#clock = clock;
    this.#tombstoneTtlMs = tombstoneTtlMs;
    this.exited = server.exited;
  }

  /**
   * Opens the store and brings its schema up to date, at once or when the server is there.
   * @throws Fault `USAGE` if the URL is none, `STORE_VERSION`, `STORE_DATABASE`
   */
  static async open(options: PostgresTagStoreOptions): Promise<PostgresTagStore> {
    return new PostgresTagStore(await ServerStore.open(options.url, options), options);
  }

  write(batch: readonly TagResult[]): Promise<WriteOutcome[]> {
    return this.keep(batch.map((result) => ({ result, features: [] })));
  }

  /**
   * Stores a batch as {@link write} does, and in the same transaction the features and thumbnails of the results that count.
   * @throws Fault `PHOTO_ID`, `REQUEST_INVALID`
   */
  async keep(batch: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const results = batch.map(({ result }) => result);
    results.forEach(checkTagResult);
    if (batch.length === 0) return [];
    return this.#use(() => this.#named(results, () => this.#keep(batch)));
  }

  async rescore(batch: RescoredBatch): Promise<RescoreOutcome[]> {
    checkRescored(batch);
    const rescored = rescoredOf(batch);
    if (rescored.length === 0) return [];
    return this.#use(() => this.#named(rescored, () => this.#rescore(rescored)));
  }

  async outdated(which: Outdated, page: RowRange): Promise<OutdatedPage> {
    return this.#use(() => this.#queries.outdated(which, page));
  }

  async correct(request: CorrectionRequest): Promise<boolean> {
    checkCorrections(request);
    const accepted = request.tags.filter(({ verdict }) => verdict === 'accept').map(({ tag }) => tag);
    return this.#use(async () => {
      if (accepted.length > 0) await this.#pools.write(tagStatements(accepted));
      const [[row] = []] = await this.#pools.write([correctStatement(request)]);
      if (row !== undefined) return true;
      if ((await this.#queries.get(request.photoId)) === undefined) return false;
      throw tooManyCorrections(request.photoId);
    });
  }

  async corrected(page: RowRange): Promise<CorrectedPage> {
    return this.#use(() => this.#queries.corrected(page));
  }

  async get(photoId: string): Promise<StoredPhoto | undefined> {
    checkPhotoId(photoId);
    return this.#use(() => this.#queries.get(photoId));
  }

  async search(query: SearchQuery, page: Page): Promise<SearchPage> {
    return this.#use(() => this.#queries.search(query, page));
  }

  async facets(query: SearchQuery, limit: number): Promise<Facets> {
    return this.#use(() => this.#queries.facets(query, limit));
  }

  async complete(prefix: string, limit: number): Promise<TagCount[]> {
    return this.#use(() => this.#queries.complete(searchTerm(prefix), limit));
  }

  async forget(photoId: string, upTo?: Submission): Promise<boolean> {
    checkPhotoId(photoId);
    const now = this.#clock.now();
    return this.#use(async () => {
      await this.#pools.write([pruneStatement(now - this.#tombstoneTtlMs)]);
      const [[row] = []] = await this.#pools.write<[was: boolean]>([
        upTo === undefined ? buryStoredStatement(photoId, now) : buryStatement(photoId, upTo, now),
      ]);
      return row?.[0] ?? false;
    });
  }

  async stats(): Promise<TagStoreStats> {
    return this.#use(() => this.#queries.stats());
  }

  async health(): Promise<void> {
    await this.#use(async () => {
      await Promise.all([
        // Refused where nothing can be written, and changes nothing.
        this.#pools.write([{ text: 'DELETE FROM autotag.photos WHERE false' }]),
        this.#pools.read({ text: 'SELECT photos FROM autotag.totals' }),
      ]);
    });
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Writes results once the names in them have their numbers. */
  async #named<T>(results: readonly TagResult[], write: () => Promise<T>): Promise<T> {
    await this.#names.prepare(results);
    try {
      return await write();
    } catch (thrown) {
      // A name that was there is not: the database has been made anew or restored since.
      if (!sqlStateOf(thrown).startsWith('23')) throw thrown;
      this.#names.clear();
      await this.#names.prepare(results);
      return write();
    }
  }

  async #keep(batch: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const rounds = roundsOf(batch, ({ result }) => result.photoId);
    const stored = (await this.#pools.write<[id: string]>(rounds.map(keepStatement))).map(
      (rows) => new Set(rows.map(([id]) => id)),
    );
    const next = new Map<string, number>();
    return batch.map(({ result: { photoId } }) => {
      const round = next.get(photoId) ?? 0;
      next.set(photoId, round + 1);
      return stored[round]?.has(photoId) === true ? 'stored' : 'superseded';
    });
  }

  async #rescore(batch: readonly Rescored[]): Promise<RescoreOutcome[]> {
    const [firsts = []] = roundsOf(batch, ({ photoId }) => photoId);
    const [rows = []] = await this.#pools.write<[id: string, changed: boolean]>([rescoreStatement(firsts)]);
    const changed = new Map(rows);
    return batch.map(({ photoId }) => {
      const outcome = changed.get(photoId);
      changed.delete(photoId);
      if (outcome === undefined) return 'superseded';
      return outcome ? 'changed' : 'same';
    });
  }

  #use<T>(work: () => Promise<T>): Promise<T> {
    return this.#server.use(work);
  }
}

/** A statement changes a photo once: a photo that comes again in a batch goes to the next round. */
function roundsOf<T>(batch: readonly T[], idOf: (one: T) => string): T[][] {
  const rounds: T[][] = [];
  const seen = new Map<string, number>();
  for (const one of batch) {
    const round = seen.get(idOf(one)) ?? 0;
    seen.set(idOf(one), round + 1);
    (rounds[round] ??= []).push(one);
  }
  return rounds;
}
