import type { RemovalWatch } from './feature-store.ts';

/** Who wants to know which photos are removed from stores. */
export class RemovalWatches {
  readonly #watches = new Set<Set<string>>();

  /** Notes what is removed from now on. */
  begin(): RemovalWatch {
    const removed = new Set<string>();
    this.#watches.add(removed);
    return { removed, end: () => this.#watches.delete(removed) };
  }

  /** Tells all of them. */
  tell(id: string): void {
    for (const removed of this.#watches) removed.add(id);
  }
}
