import { Fault } from '../../base/errors.ts';
import { withResolver } from '../../base/promise-resolver.ts';
import { parseStoreUrl } from '../../base/store-url.ts';
import { serverFault, sqlStateOf } from './server-faults.ts';
import { ServerPools } from './server-pools.ts';
import type { PoolLimits } from './server-pools.ts';
import { migrateServer } from './server-schema.ts';

/** What a store in a PostgreSQL server is besides its statements: connections, the schema, faults, an end. */
export class ServerStore {
  /** See `TagStore.exited`. */
  readonly exited: Promise<Fault | undefined>;
  readonly pools: ServerPools;
  readonly #running = new Set<Call>();
  readonly #exit = withResolver<Fault | undefined>();
  #migrated: Promise<void> | undefined;
  /** Why no more calls are taken. */
  #ended: Fault | undefined;

  private constructor(pools: ServerPools) {
    this.pools = pools;
    this.exited = this.#exit.promise;
  }

  /**
   * Opens the store and brings its schema up to date, at once or when the server is there.
   * @param url - see {@link parseStoreUrl}
   * @throws Fault `USAGE` if the URL is none, `STORE_VERSION`, `STORE_DATABASE`
   */
  static async open(url: string, limits: PoolLimits): Promise<ServerStore> {
    const store = new ServerStore(await ServerPools.open(parseStoreUrl(url), limits));
    try {
      await store.#prepared();
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (fault.disposition === 'retry') return store;
      await store.close();
      throw fault;
    }
    return store;
  }

  /** Does something once the schema is there; everything that fails comes out as a fault. */
  use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise<T>((resolve, reject) => {
      const done = this.#prepared()
        .then(work)
        .then(resolve, (thrown: unknown) => {
          // Tables that have gone are looked for, or made, again.
          if (['3F000', '42P01'].includes(sqlStateOf(thrown))) this.#migrated = undefined;
          reject(serverFault(thrown));
        });
      const call: Call = { reject, over: done.finally(() => this.#running.delete(call)) };
      this.#running.add(call);
    });
  }

  /** Finishes what was asked before and ends; safe to repeat. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = unavailable('it was closed');
      await Promise.all([...this.#running].map(({ over }) => over));
      await this.pools.close();
      this.#exit.resolve(undefined);
    }
    await this.exited;
  }

  /** Ends now; what waits is rejected. */
  async kill(): Promise<void> {
    const fault = unavailable('its connections were killed');
    this.#ended ??= fault;
    for (const call of this.#running) call.reject(fault);
    this.pools.kill();
    this.#exit.resolve(fault);
    await this.exited;
  }

  #prepared(): Promise<void> {
    this.#migrated ??= this.pools.transaction(migrateServer).catch((thrown: unknown) => {
      this.#migrated = undefined;
      throw serverFault(thrown);
    });
    return this.#migrated;
  }
}

/** What somebody waits for. */
interface Call {
  readonly reject: (fault: Fault) => void;
  /** Resolves when it has ended, well or not. */
  readonly over: Promise<void>;
}

function unavailable(reason: string): Fault {
  return new Fault('STORE_UNAVAILABLE', { reason });
}
