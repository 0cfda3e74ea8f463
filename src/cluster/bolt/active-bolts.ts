import { readsPhotos, type BoltPlan } from './bolt-plan.ts';

/** The users' bolts that photos go through now: the reconciler's look says which, taggers and the flow ask. */
export class ActiveBolts {
  readonly #listeners = new Set<(before: BoltPlan | undefined) => void>();
  #current: BoltPlan | undefined;

  /** `undefined` until it is known. */
  get current(): BoltPlan | undefined {
    return this.#current;
  }

  /** Whether it is known that there are none: photos need not go through the flow. */
  get none(): boolean {
    return this.#current?.bolts.length === 0;
  }

  /** Whether a bolt may want the bytes of photos. */
  get readPhotos(): boolean {
    return this.#current === undefined || readsPhotos(this.#current);
  }

  /** Has photos go by this plan from now on. */
  follow(plan: BoltPlan): void {
    if (JSON.stringify(plan) === JSON.stringify(this.#current)) return;
    const before = this.#current;
    this.#current = plan;
    for (const listener of this.#listeners) listener(before);
  }

  /** Calls `onChange` with the plan before, whenever there is another one; the answer ends that. */
  watch(onChange: (before: BoltPlan | undefined) => void): () => void {
    this.#listeners.add(onChange);
    return () => {
      this.#listeners.delete(onChange);
    };
  }
}
