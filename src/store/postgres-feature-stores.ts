import { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { FeatureCopies } from '../model/feature-store/feature-copies.ts';
import {
  checkFeatureRow,
  rowsByExtractor,
  type FeatureRow,
  type FeatureStore,
  type FeatureStores,
  type PhotoFeatures,
  type RemovalWatch,
} from '../model/feature-store/feature-store.ts';
import type { Report } from '../model/feature-store/recovery.ts';
import { RemovalWatches } from '../model/feature-store/removal-watches.ts';
import type { ExtractorReference } from '../model/model-header.ts';
import { describeStatement, eraseDescribedStatement, eraseStatement } from './postgres/feature-statements.ts';
import { ServerStore } from './postgres/server-store.ts';
import { PostgresFeatureStore } from './postgres-feature-store.ts';
import type { Submission } from './tag-store.ts';

/** How {@link PostgresFeatureStores} are opened. */
export interface PostgresFeatureStoresOptions {
  /** As for the tags. */
  readonly url: string;
  /** For copies that threads read; nothing else may be in it. */
  readonly folder: string;
  /** Told of rows that are damaged. */
  readonly report: Report;
}

/** Few connections: the tags have their own, and write the features of tagged photos. */
const connections = { writers: 1, readers: 2 };
/** Rows of a transaction. */
const appendRows = 512;

/** Features in a table beside the tags of a PostgreSQL server. Closed at first, and again after {@link close}. */
export class PostgresFeatureStores implements FeatureStores {
  readonly #options: PostgresFeatureStoresOptions;
  readonly #copies: FeatureCopies;
  readonly #removals = new RemovalWatches();
  /** Under way. */
  readonly #appends = new Set<Promise<unknown>>();
  #server: ServerStore | undefined;

  constructor(options: PostgresFeatureStoresOptions) {
    this.#options = options;
    this.#copies = new FeatureCopies(options.folder, options.report);
  }

  /**
   * Opens the stores, see {@link ServerStore.open}.
   * @throws Fault `USAGE`, `STORE_VERSION`, `STORE_DATABASE`
   */
  async open(): Promise<void> {
    await this.#copies.clear();
    this.#server = await ServerStore.open(this.#options.url, connections);
  }

  /** Closes them; safe to repeat. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
    await this.#copies.clear();
  }

  of(extractor: ExtractorReference): Promise<FeatureStore> {
    const { report } = this.#options;
    const parts = () => ({ server: this.#opened, copies: this.#copies, report });
    // One that is closed rejects.
    return Promise.resolve().then(() => new PostgresFeatureStore(extractor, parts()));
  }

  async append(photos: readonly PhotoFeatures[], except: ReadonlySet<string> = new Set()): Promise<void> {
    for (const { extractor, rows } of rowsByExtractor(photos)) {
      // Of one photo, the last row counts.
      const latest = new Map(rows.map((row) => [row.id, checkFeatureRow(row, extractor)]));
      const each = [...latest.values()];
      for (let first = 0; first < each.length; first += appendRows)
        await this.#append(extractor, each.slice(first, first + appendRows), except);
    }
  }

  async #append(
    extractor: ExtractorReference,
    rows: readonly FeatureRow[],
    except: ReadonlySet<string>,
  ): Promise<void> {
    const wanted = rows.filter(({ id }) => !except.has(id));
    const { pools } = this.#opened;
    const done = this.#opened.use(() => pools.write([describeStatement(extractor, wanted)]));
    const over = done.then(
      () => undefined,
      () => undefined,
    );
    this.#appends.add(over);
    try {
      await done;
    } finally {
      this.#appends.delete(over);
    }
  }

  watchRemovals(): RemovalWatch {
    return this.#removals.begin();
  }

  async remove(id: string, upTo: Submission): Promise<number> {
    checkPhotoId(id);
    await this.#stopAppending(id);
    const { pools } = this.#opened;
    const [rows = []] = await this.#opened.use(() => pools.write([eraseStatement(id, upTo)]));
    return rows.length;
  }

  /** Tells whoever appends of a photo that is removed, and waits for what may have it still. */
  async #stopAppending(id: string): Promise<void> {
    this.#removals.tell(id);
    await Promise.all(this.#appends);
  }

  /**
   * Goes through the photos that any node has removed, for the one node that appends: none of them comes back.
   * @param tell - is done with each, and done again unless it resolves
   */
  async followErasures(tell: (photo: string) => Promise<unknown>): Promise<void> {
    const server = this.#opened;
    const { pools } = server;
    const text = 'SELECT number, photo FROM autotag.erasures ORDER BY number LIMIT 1000';
    const found = await server.use(() => pools.read<[number: number, photo: string]>({ text }));
    for (const [number, photo] of found) {
      await this.#stopAppending(photo);
      await server.use(() => pools.write([eraseDescribedStatement(photo)]));
      await tell(photo);
      const done = { text: 'DELETE FROM autotag.erasures WHERE number = $1', values: [number] };
      await server.use(() => pools.write([done]));
    }
  }

  get #opened(): ServerStore {
    if (this.#server === undefined) throw new Fault('FEATURES_UNAVAILABLE', { reason: 'it is being opened' });
    return this.#server;
  }
}
