import type { FeatureStores } from '../src/model/feature-store/feature-stores.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { WriteOutcome } from '../src/store/tag-store.ts';
import type { ResultStore, TaggedPhoto } from './result-store.ts';

/** The results of the cluster, on the node that has them. */
export class LocalResultStore implements ResultStore {
  readonly #tags: SupervisedTagStore;
  readonly #features: FeatureStores;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tags: SupervisedTagStore, features: FeatureStores) {
    this.#tags = tags;
    this.#features = features;
  }

  /** One batch after the other: of a photo that two nodes tag at once, tags and features are then those of the same submission. */
  keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    return this.between(() => this.#keep(photos));
  }

  /** Does something between two batches, when no photo has the tags of one submission and the features of another. */
  between<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Keeps no features of a photo that has been submitted again or forgotten meanwhile. */
  async #keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const watch = this.#features.watchRemovals();
    try {
      const outcomes = await this.#tags.write(photos.map(({ result }) => result));
      const stored = photos.filter((_, index) => outcomes[index] === 'stored');
      await this.#features.append(
        stored.map(({ result: { photoId: id }, features }) => ({ id, features })),
        watch.removed,
      );
      return outcomes;
    } finally {
      watch.end();
    }
  }
}
