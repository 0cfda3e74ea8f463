import type { KV, KvEntry } from 'nats';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { openKvBucket, valueOf, watchEntries } from './kv-bucket.ts';

/** A model put in use: the number orders activations, also of one model again (a rollback). */
export interface Activation {
  /** Monotonic, from 1. */
  readonly number: number;
  /** SHA-256 of the model file. */
  readonly model: string;
  /** The number of the activation that a rollback goes back to. */
  readonly restores?: number | undefined;
}

const bucket = 'autotag-models';
const key = 'active';
/** The most that KV keeps of one key. */
const activationsKept = 64;
const record = z.object({
  model: z.string().regex(/^[0-9a-f]{64}$/),
  restores: z.int().min(1).optional(),
});

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
      const settings = { ...options, history: activationsKept };
      const { kv } = await openKvBucket(clientOf(connection), bucket, settings);
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
      return entry === null ? undefined : activationOf(entry);
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }

  /**
   * The last activations, the one in force last.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async history(): Promise<readonly Activation[]> {
    try {
      const found: Activation[] = [];
      for await (const entry of await this.#kv.history({ key })) {
        const activation = activationOf(entry);
        if (activation !== undefined) found.push(activation);
      }
      return found.sort((left, right) => left.number - right.number);
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }

  /**
   * Puts a model in use on every node.
   * @param restores - the number of the activation that this one goes back to
   * @throws Fault `NATS_UNREACHABLE`
   */
  async activate(model: string, restores?: number): Promise<Activation> {
    try {
      const value = record.parse({ model, restores });
      const number = await this.#kv.put(key, JSON.stringify(value));
      return { number, ...value };
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
      return await watchEntries(this.#connection, this.#kv, key, (entry) => {
        const activation = activationOf(entry);
        if (activation !== undefined) onChange(activation);
      });
    } catch (error) {
      throw this.#connection.fault(error, bucket);
    }
  }
}

/**
 * The activation that a rollback goes back to: the one before that in force, where a rollback stands for the one that
 * it went back to. So two rollbacks go back by two.
 *
 * @param history - by rising number, the one in force last
 * @throws Fault `NOT_FOUND` if none is known
 */
export function activationBefore(history: readonly Activation[]): Activation {
  const inForce = history.at(-1);
  const place = inForce?.restores ?? inForce?.number ?? 0;
  const before = history.findLast(({ number }) => number < place);
  if (before === undefined)
    throw new Fault('NOT_FOUND', { what: 'activation', id: 'before the one in force' });
  // It may be a rollback itself, and what that went back to may be too old to be known: the model is the same.
  return { ...before, number: before.restores ?? before.number };
}

function activationOf(entry: KvEntry): Activation | undefined {
  const value = valueOf(entry, record);
  return value === undefined ? undefined : { number: entry.revision, ...value };
}
