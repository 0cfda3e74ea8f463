import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExtractorReference } from '../model-header.ts';
import { EmbeddedFeatureStore } from './embedded-feature-store.ts';
import type { FeatureRow } from './feature-store.ts';
import type { Report } from './recovery.ts';

/**
 * Copies in files of features that are kept elsewhere: threads read files, and so need no way to where they are. Each copy is a store for
 * itself, and gone when it is not read any more.
 */
export class FeatureCopies {
  readonly #folder: string;
  readonly #report: Report;
  readonly #copies = new Map<number, EmbeddedFeatureStore>();
  #last = 0;

  /** @param folder - for nothing else: what lies in it is removed */
  constructor(folder: string, report: Report) {
    this.#folder = folder;
    this.#report = report;
  }

  /**
   * Copies rows.
   * @param look - what of the copy is wanted, which has the number of the copy from then on
   * @throws Fault `DISK_FULL`, `FILE_WRITE`; whatever `rows` throws
   */
  async make<T extends { readonly id: number }>(
    extractor: ExtractorReference,
    rows: AsyncIterable<readonly FeatureRow[]>,
    look: (copy: EmbeddedFeatureStore) => Promise<T>,
  ): Promise<T> {
    const id = (this.#last += 1);
    const copy = await EmbeddedFeatureStore.open({
      folder: this.#folderOf(id),
      extractor,
      report: this.#report,
    });
    this.#copies.set(id, copy);
    try {
      for await (const some of rows) await copy.append(some);
      return { ...(await look(copy)), id };
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  /** Removes a copy; safe to repeat. */
  async remove(id: number): Promise<void> {
    const copy = this.#copies.get(id);
    if (copy === undefined) return;
    this.#copies.delete(id);
    await copy.close();
    await rm(this.#folderOf(id), { recursive: true, force: true });
  }

  /** Removes all copies, also what a killed process has left. */
  async clear(): Promise<void> {
    for (const id of [...this.#copies.keys()]) await this.remove(id);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #folderOf(id: number): string {
    return join(this.#folder, String(id));
  }
}
