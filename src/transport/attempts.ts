import type { KV, KvEntry } from 'nats';
import type { Fault } from '../base/errors.ts';
import { reasonOf } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { openKvBucket } from './kv-bucket.ts';
import { isWrongRevision } from './nats-faults.ts';
import { names } from './photo-stream.ts';

/** Names one submit for ever. */
export interface Submit {
  /** When the stream was created, ms since the epoch. */
  readonly epoch: number;
  readonly sequence: number;
}

/** Settings of {@link Attempts}. */
export interface AttemptsOptions {
  /** After this, the attempts of a photo are forgotten. Default 7 days, ms. */
  readonly ttlMs?: number;
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
}

const week = 7 * 24 * 3_600_000;

/** How often each photo was tried in vain, in JetStream KV: the server's own delivery count also counts lost leases. */
export class Attempts {
  readonly #connection: Connection;
  readonly #bucket: KV;

  private constructor(connection: Connection, bucket: KV) {
    this.#connection = connection;
    this.#bucket = bucket;
  }

  /**
   * Opens the bucket, or creates it.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open(connection: Connection, options: AttemptsOptions = {}): Promise<Attempts> {
    try {
      const { ttlMs = week, replicas = 1 } = options;
      const { kv } = await openKvBucket(clientOf(connection), names.attempts, { ttl: ttlMs, replicas });
      return new Attempts(connection, kv);
    } catch (error) {
      throw connection.fault(error, names.attempts);
    }
  }

  /**
   * Counts an attempt and answers how many there were, this one included.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async charge(submit: Submit, reason: Fault): Promise<number> {
    for (;;) {
      const entry = await this.#get(submit);
      const count = countOf(entry) + 1;
      const value = JSON.stringify({ count, code: reason.code, message: reasonOf(reason) });
      if (await this.#put(submit, value, entry?.revision ?? 0)) return count;
    }
  }

  /**
   * Attempts so far.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async count(submit: Submit): Promise<number> {
    return countOf(await this.#get(submit));
  }

  /**
   * Forgets the attempts of a photo.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async clear(submit: Submit): Promise<void> {
    await this.#try(this.#bucket.purge(keyOf(submit)));
  }

  async #get(submit: Submit): Promise<KvEntry | null> {
    return await this.#try(this.#bucket.get(keyOf(submit)));
  }

  // Another node may charge the same photo at the same time: whoever read an old count reads again.
  async #put(submit: Submit, value: string, revision: number): Promise<boolean> {
    try {
      await this.#connection.orBroken(
        this.#bucket.put(keyOf(submit), new TextEncoder().encode(value), { previousSeq: revision }),
      );
      return true;
    } catch (error) {
      if (isWrongRevision(error)) return false;
      throw this.#connection.fault(error, names.attempts);
    }
  }

  async #try<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.#connection.orBroken(answer);
    } catch (error) {
      throw this.#connection.fault(error, names.attempts);
    }
  }
}

function keyOf({ epoch, sequence }: Submit): string {
  return `${String(epoch)}.${String(sequence)}`;
}

function countOf(entry: KvEntry | null): number {
  if (entry?.operation !== 'PUT') return 0;
  const { count } = entry.json<{ count?: unknown }>();
  return typeof count === 'number' ? count : 0;
}
