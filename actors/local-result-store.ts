import type { FeatureStores } from '../src/model/feature-store/feature-store.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../src/store/supervised-thumbnail-store.ts';
import type { WriteOutcome } from '../src/store/tag-store.ts';
import type { TaggedPhoto } from '../src/store/tagged-photo.ts';
import type { OwnResultStore } from './result-store.ts';

/** The results of the cluster, in files of the node that has them. */
export class LocalResultStore implements OwnResultStore {
  readonly #tags: SupervisedTagStore;
  readonly #features: FeatureStores;
  readonly #thumbnails: SupervisedThumbnailStore;
  /** Photos whose tags are kept and whose features could not be, until they are kept again. */
  readonly #halfKept = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(tags: SupervisedTagStore, features: FeatureStores, thumbnails: SupervisedThumbnailStore) {
    this.#tags = tags;
    this.#features = features;
    this.#thumbnails = thumbnails;
  }

  /** One batch after the other: of a photo that two nodes tag at once, tags and features are then those of the same submission. */
  keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    return this.between(() => this.#keep(photos));
  }

  between<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  isWhole(photoId: string): boolean {
    return !this.#halfKept.has(photoId);
  }

  /** Keeps no features of a photo that has been submitted again or forgotten meanwhile. */
  async #keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const watch = this.#features.watchRemovals();
    try {
      const outcomes = await this.#tags.write(photos.map(({ result }) => result));
      const stored = photos.filter((_, index) => outcomes[index] === 'stored');
      for (const { result } of stored) this.#halfKept.add(result.photoId);
      await this.#features.append(
        stored.map(({ result: { photoId: id }, features }) => ({ id, features })),
        watch.removed,
      );
      for (const { result } of stored) this.#halfKept.delete(result.photoId);
      await this.#thumbnails.put(
        stored.map(({ result: { photoId, submission }, thumbnail: webp }) => ({ photoId, submission, webp })),
      );
      return outcomes;
    } finally {
      watch.end();
    }
  }
}
