import type { KV } from 'nats';
import { z } from 'zod';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';

/** A model put in use: the number orders activations, also of one model again (a rollback). */
export interface Activation {
  /** Monotonic, from 1. */
  readonly number: number;
  /** SHA-256 of the model file. */
  readonly model: string;
}

const bucket = 'autotag-models';
const key = 'active';
const record = z.object({ model: z.string().regex(/^[0-9a-f]{64}$/) });

/** Which model the cluster uses, in KV: the revision of its key is the number of the activation. */
export class Activations {
  readonly #connection: Connection;
  readonly #kv: KV;

  private constructor(connection: Connection, kv: KV) {
    this.#connection = connection;
    this.#kv = kv;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED` */
  static async open(
    connection: Connection,
    options: { readonly replicas?: number } = {},
  ): Promise<Activations> {
    try {
      const kv = await clientOf(connection)
        .jetstream()
        .views.kv(bucket, { history: 64, replicas: options.replicas ?? 1 });
      return new Activations(connection, kv);
    } catch (error) {
      throw connection.fault(error, bucket);
    }
  }

  /**
   * The activation in force, or `undefined` before the first.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async current(): Promise<Activation | undefined> {
    try {
      const entry = await this.#kv.get(key);
      return entry === null || entry.operation !== 'PUT'
        ? undefined
        : { number: entry.revision, ...record.parse(entry.json()) };
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }

  /**
   * Puts a model in use on every node.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async activate(model: string): Promise<Activation> {
    try {
      const number = await this.#kv.put(key, JSON.stringify(record.parse({ model })));
      return { number, model };
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }

  /**
   * Calls `onChange` for the activation in force and for each later one; the answer ends that.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async watch(onChange: (activation: Activation) => void): Promise<() => void> {
    try {
      const entries = await this.#kv.watch({ key });
      void (async () => {
        for await (const entry of entries)
          if (entry.operation === 'PUT') onChange({ number: entry.revision, ...record.parse(entry.json()) });
      })();
      return () => {
        entries.stop();
      };
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }
}
