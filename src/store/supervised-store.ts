import { Fault } from '../base/errors.ts';

/** What a supervisor knows of a store. */
interface OpenStore {
  /** Resolves when the store has ended: to nothing after {@link close}, to the reason if it broke down and must be opened again. */
  readonly exited: Promise<Fault | undefined>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

/**
 * A store that its supervisor opens again when it has broken down: one reference for those who use it. Meanwhile
 * every call rejects with `STORE_UNAVAILABLE`.
 */
export class SupervisedStore<Store extends OpenStore> {
  readonly #open: () => Promise<Store>;
  #current: Store | undefined;

  constructor(open: () => Promise<Store>) {
    this.#open = open;
  }

  /**
   * Opens the store for its supervisor.
   * @returns a promise of its end: nothing after {@link close}, else why it broke down
   * @throws Fault as the store behind it does
   */
  async start(): Promise<{ readonly exited: Promise<Fault | undefined> }> {
    const store = await this.#open();
    this.#current = store;
    const exited = store.exited.then((fault) => {
      if (this.#current === store) this.#current = undefined;
      return fault;
    });
    return { exited };
  }

  async close(): Promise<void> {
    await this.#current?.close();
  }

  async kill(): Promise<void> {
    await this.#current?.kill();
  }

  /** Does something with the store. */
  async use<T>(work: (store: Store) => Promise<T>): Promise<T> {
    if (this.#current === undefined) throw new Fault('STORE_UNAVAILABLE', { reason: 'it is being opened' });
    return await work(this.#current);
  }
}
