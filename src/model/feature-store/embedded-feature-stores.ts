import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/errors.ts';
import type { ExtractorReference } from '../model-header.ts';
import { EmbeddedFeatureStore } from './embedded-feature-store.ts';
import {
  featureStoreName,
  rowsByExtractor,
  type FeatureStores,
  type PhotoFeatures,
  type RemovalWatch,
} from './feature-store.ts';
import { readManifest } from './manifest.ts';
import type { Report } from './recovery.ts';
import { RemovalWatches } from './removal-watches.ts';

/** What a node's feature stores work with. */
export interface EmbeddedFeatureStoresOptions {
  /** A folder an extractor is made in it. */
  readonly folder: string;
  readonly clock: Clock;
  /** Told of what was found damaged or unfinished in any of them, and of compactions that failed. */
  readonly report: Report;
  /** From a removal to the compaction that erases its bytes, ms; default 10 s, so that many share one. */
  readonly compactionDelayMs?: number;
}

const defaultCompactionDelayMs = 10_000;

/** The feature stores of a node, one an extractor, in files. Closed at first, and again after {@link close}. */
export class EmbeddedFeatureStores implements FeatureStores {
  readonly #options: EmbeddedFeatureStoresOptions;
  readonly #stores = new Map<string, Promise<EmbeddedFeatureStore>>();
  readonly #removals = new RemovalWatches();
  #isOpen = false;
  #cancelCompaction: CancelTimer | undefined;

  constructor(options: EmbeddedFeatureStoresOptions) {
    this.#options = options;
  }

  /**
   * Opens every store there is.
   * @throws Fault as {@link EmbeddedFeatureStore.open} does
   */
  async open(): Promise<void> {
    this.#isOpen = true;
    try {
      for (const store of await this.#all()) this.#considerCompaction(store);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * The store of an extractor; made where there is none.
   * @throws Fault as {@link EmbeddedFeatureStore.open} does; the next call tries again; `FEATURES_UNAVAILABLE` while closed
   */
  async of(extractor: ExtractorReference): Promise<EmbeddedFeatureStore> {
    this.#assertOpen();
    const name = featureStoreName(extractor);
    const known = this.#stores.get(name);
    if (known !== undefined) return await known;
    const { folder, report } = this.#options;
    const opening = EmbeddedFeatureStore.open({ folder: join(folder, name), extractor, report });
    this.#stores.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      this.#stores.delete(name);
      throw error;
    }
  }

  async #all(): Promise<EmbeddedFeatureStore[]> {
    this.#assertOpen();
    const stores: EmbeddedFeatureStore[] = [];
    for (const extractor of await this.#extractors()) stores.push(await this.of(extractor));
    return stores;
  }

  async #extractors(): Promise<ExtractorReference[]> {
    const { folder } = this.#options;
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    const folders = entries.filter((entry) => entry.isDirectory());
    const manifests = await Promise.all(folders.map(({ name }) => readManifest(join(folder, name))));
    return manifests.flatMap((manifest) => (manifest === undefined ? [] : [manifest.extractor]));
  }

  /**
   * Stores features; durable when resolved.
   * @param except - ids whose features are not stored; looked at last
   * @throws Fault as {@link EmbeddedFeatureStore.append} does; what was stored by then stays so
   */
  async append(photos: readonly PhotoFeatures[], except: ReadonlySet<string> = new Set()): Promise<void> {
    for (const { extractor, rows } of rowsByExtractor(photos)) {
      const store = await this.of(extractor);
      await store.append(rows.filter(({ id }) => !except.has(id)));
      this.#considerCompaction(store);
    }
  }

  watchRemovals(): RemovalWatch {
    return this.#removals.begin();
  }

  /**
   * Removes a photo's features of every extractor, durably; their bytes are erased soon.
   * @returns how many rows that were
   */
  async remove(id: string): Promise<number> {
    this.#removals.tell(id);
    let count = 0;
    for (const store of await this.#all()) if (await store.remove(id)) count += 1;
    if (count > 0) this.#compactSoon();
    return count;
  }

  /** Rows that were replaced take no more space than those that count. */
  #considerCompaction(store: EmbeddedFeatureStore): void {
    if (store.isWasteful) this.#compactSoon();
  }

  #compactSoon(): void {
    const { clock, compactionDelayMs = defaultCompactionDelayMs } = this.#options;
    this.#cancelCompaction ??= clock.after(compactionDelayMs, () => {
      this.#cancelCompaction = undefined;
      void this.#compact();
    });
  }

  async #compact(): Promise<void> {
    try {
      for (const store of await this.#all()) await store.compact();
    } catch (error) {
      if (!this.#isOpen) return;
      this.#options.report(Fault.from(error));
      this.#compactSoon();
    }
  }

  /** Closes those that are open; safe to repeat. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#cancelCompaction?.();
    this.#cancelCompaction = undefined;
    const opened = await Promise.allSettled(this.#stores.values());
    this.#stores.clear();
    for (const store of opened) if (store.status === 'fulfilled') await store.value.close();
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new Fault('FEATURES_UNAVAILABLE', { reason: 'it is being opened' });
  }
}
