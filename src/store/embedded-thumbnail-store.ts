import { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { StoreThread } from './store-thread.ts';
import type { Submission } from './tag-store.ts';
import { latestOf } from './thumbnail-store.ts';
import type { PhotoThumbnail, ThumbnailStore, ThumbnailStoreStats } from './thumbnail-store.ts';
import type { ThumbnailCalls } from './thumbnail-table.ts';

/** Page cache, KiB: a thumbnail is read once, by whoever looks at it. */
const cacheKib = 4 * 1024;
const busyTimeoutMs = 5_000;

/** Thumbnails in a SQLite file of their own, in a thread of its own: whoever backs up or searches tags has nothing to do with them. */
export class EmbeddedThumbnailStore implements ThumbnailStore {
  readonly #thread: StoreThread<ThumbnailCalls>;

  private constructor(thread: StoreThread<ThumbnailCalls>) {
    this.#thread = thread;
  }

  /**
   * Opens the store and brings its schema up to date.
   * @param file - made if it is missing; its folder must exist
   * @throws Fault `STORE_UNAVAILABLE`, `STORE_VERSION`, `STORE_FORMAT`
   */
  static async open(file: string): Promise<EmbeddedThumbnailStore> {
    const database = { file, cacheKib, busyTimeoutMs };
    return new EmbeddedThumbnailStore(await StoreThread.open({ role: 'thumbnails', database }));
  }

  get exited(): Promise<Fault | undefined> {
    return this.#thread.exited;
  }

  async put(batch: readonly PhotoThumbnail[]): Promise<void> {
    for (const { photoId } of batch) checkPhotoId(photoId);
    if (batch.length > 0) await this.#thread.call('put', latestOf(batch));
  }

  async get(photoId: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#thread.call('get', checkPhotoId(photoId));
  }

  async forget(photoId: string, upTo: Submission): Promise<boolean> {
    return this.#thread.call('forget', checkPhotoId(photoId), upTo);
  }

  async stats(): Promise<ThumbnailStoreStats> {
    return this.#thread.call('stats');
  }

  async close(): Promise<void> {
    await this.#thread.stop();
  }

  async kill(): Promise<void> {
    await this.#thread.kill(new Fault('STORE_UNAVAILABLE', { reason: 'its thread was killed' }));
  }
}
