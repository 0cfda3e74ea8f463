import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { PostgresTagStore } from '../src/store/postgres-tag-store.ts';
import type { WriteOutcome } from '../src/store/tag-store.ts';
import type { TaggedPhoto } from '../src/store/tagged-photo.ts';
import type { OwnResultStore } from './result-store.ts';

/**
 * The results of the cluster, in a database that any number of nodes write to: tags, features and thumbnails of a photo in one
 * transaction, so that there is never one without the others.
 */
export class DatabaseResultStore implements OwnResultStore {
  readonly #tags: SupervisedTagStore<PostgresTagStore>;

  constructor(tags: SupervisedTagStore<PostgresTagStore>) {
    this.#tags = tags;
  }

  keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    return this.#tags.use((store) => store.keep(photos));
  }

  between<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  isWhole(): boolean {
    return true;
  }
}
