import { SupervisedStore } from './supervised-store.ts';
import type { Submission } from './tag-store.ts';
import type { PhotoThumbnail, ThumbnailStore, ThumbnailStoreStats } from './thumbnail-store.ts';

/** A thumbnail store that its supervisor opens again when it has broken down, see {@link SupervisedStore}. */
export class SupervisedThumbnailStore
  extends SupervisedStore<ThumbnailStore>
  implements Omit<ThumbnailStore, 'exited'>
{
  put(batch: readonly PhotoThumbnail[]): Promise<void> {
    return this.use((store) => store.put(batch));
  }

  get(photoId: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.use((store) => store.get(photoId));
  }

  forget(photoId: string, upTo: Submission): Promise<boolean> {
    return this.use((store) => store.forget(photoId, upTo));
  }

  stats(): Promise<ThumbnailStoreStats> {
    return this.use((store) => store.stats());
  }
}
