import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { ExtractorReference } from '../model-header.ts';
import { FeatureStore } from './feature-store.ts';
import { readManifest } from './manifest.ts';
import type { Report } from './recovery.ts';

/** The feature stores of a node: a folder an extractor, opened when it is first used. */
export class FeatureStores {
  readonly #folder: string;
  readonly #report: Report;
  readonly #stores = new Map<string, Promise<FeatureStore>>();
  #closed = false;

  /** @param report - told of what was found damaged or unfinished in any of them */
  constructor(folder: string, report: Report) {
    this.#folder = folder;
    this.#report = report;
  }

  /**
   * The store of an extractor; made where there is none.
   * @throws Fault as {@link FeatureStore.open} does; the next call tries again; `FEATURES_UNAVAILABLE` after {@link close}
   */
  async of(extractor: ExtractorReference): Promise<FeatureStore> {
    if (this.#closed) throw new Fault('FEATURES_UNAVAILABLE', { reason: 'it is closed' });
    const name = folderName(extractor);
    const known = this.#stores.get(name);
    if (known !== undefined) return await known;
    const opening = FeatureStore.open({ folder: join(this.#folder, name), extractor, report: this.#report });
    this.#stores.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      this.#stores.delete(name);
      throw error;
    }
  }

  /** Every store there is. */
  async all(): Promise<FeatureStore[]> {
    const stores: FeatureStore[] = [];
    for (const extractor of await this.#extractors()) stores.push(await this.of(extractor));
    return stores;
  }

  async #extractors(): Promise<ExtractorReference[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    const folders = entries.filter((entry) => entry.isDirectory());
    const manifests = await Promise.all(folders.map(({ name }) => readManifest(join(this.#folder, name))));
    return manifests.flatMap((manifest) => (manifest === undefined ? [] : [manifest.extractor]));
  }

  /**
   * Removes a photo's features of every extractor.
   * @returns how many it had
   */
  async remove(id: string): Promise<number> {
    let removed = 0;
    for (const store of await this.all()) if (await store.remove(id)) removed += 1;
    return removed;
  }

  /** Closes those that are open; safe to repeat. */
  async close(): Promise<void> {
    this.#closed = true;
    const opened = await Promise.allSettled(this.#stores.values());
    for (const store of opened) if (store.status === 'fulfilled') await store.value.close();
  }
}

/** What the folder of an extractor's store is called. */
export function folderName({ id, version, parametersHash }: ExtractorReference): string {
  return `${id}-${String(version)}-${parametersHash.slice(0, 16)}`;
}
