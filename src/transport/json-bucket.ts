import type { JetStreamManager, KV, KvEntry } from 'nats';
import type { z } from 'zod';
import { Fault, reasonOf } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { openKvBucket, valueOf, watchEntries } from './kv-bucket.ts';
import { isWrongRevision } from './nats-faults.ts';

/** A value, and the revision that was read: writing it back counts only if nobody else has written meanwhile. */
export interface Revised<T> {
  readonly value: T;
  readonly revision: number;
}

/** What a JSON value may take; more belongs into a blob. */
const maxRecordBytes = 512 * 1024;

/** JSON values of one shape by key, in JetStream KV. Keys are made of tokens `[A-Za-z0-9_-]+` and dots. */
export class JsonBucket<T> {
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #kv: KV;
  readonly #bucket: string;
  readonly #schema: z.ZodType<T>;
  /** Keys that could not be read, and were reported. */
  readonly #unreadable = new Set<string>();

  private constructor(
    connection: Connection,
    manager: JetStreamManager,
    kv: KV,
    { bucket, schema }: { readonly bucket: string; readonly schema: z.ZodType<T> },
  ) {
    this.#connection = connection;
    this.#manager = manager;
    this.#kv = kv;
    this.#bucket = bucket;
    this.#schema = schema;
  }

  /**
   * Opens the bucket, or creates it.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open<T>(
    connection: Connection,
    bucket: string,
    schema: z.ZodType<T>,
    { replicas = 1 }: { readonly replicas?: number } = {},
  ): Promise<JsonBucket<T>> {
    try {
      const { kv, manager } = await openKvBucket(clientOf(connection), bucket, { replicas });
      return new JsonBucket(connection, manager, kv, { bucket, schema });
    } catch (error) {
      throw connection.fault(error, bucket);
    }
  }

  /**
   * The value of a key, or `undefined` if it has none.
   * @throws Fault `RECORD_UNREADABLE` (another version wrote it, or it is damaged), `NATS_UNREACHABLE`
   */
  async get(key: string): Promise<Revised<T> | undefined> {
    const entry = await this.#try(this.#kv.get(key));
    if (entry === null) return undefined;
    const value = valueOf(entry, this.#schema);
    return value === undefined ? undefined : { value, revision: entry.revision };
  }

  /**
   * Writes a value if the key is still as it was read, and answers its new revision; `undefined` if it is not.
   * @param revision - what {@link get} gave, 0 if the key had no value; without it the value is written in any case
   * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`, `REQUEST_INVALID` (too large)
   */
  async put(key: string, value: T, revision?: number): Promise<number | undefined> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    if (bytes.length > maxRecordBytes)
      throw new Fault('REQUEST_INVALID', {
        reason: `a record has ${String(bytes.length)} bytes, more than ${String(maxRecordBytes)}; a blob takes more`,
      });
    try {
      const options = revision === undefined ? {} : { previousSeq: revision };
      return await this.#connection.orBroken(this.#kv.put(key, bytes, options));
    } catch (error) {
      if (isWrongRevision(error)) return undefined;
      throw this.#connection.fault(error, this.#bucket);
    }
  }

  /**
   * All keys that match; `*` stands for a token, `>` for any number of them at the end.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async keys(pattern: string): Promise<string[]> {
    // The client's own list of keys ends early for whoever awaits something in between.
    const beginning = `$KV.${this.#bucket}.`;
    const { state } = await this.#try(
      this.#manager.streams.info(`KV_${this.#bucket}`, { subjects_filter: `${beginning}${pattern}` }),
    );
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(beginning.length));
  }

  /**
   * All values whose keys match, as {@link keys}. One that cannot be read is left
   * out, and reported to the connection once.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async list(pattern: string): Promise<ReadonlyMap<string, Revised<T>>> {
    const found = new Map<string, Revised<T>>();
    for (const key of await this.keys(pattern)) {
      const entry = await this.#try(this.#kv.get(key));
      const revised = entry === null ? undefined : this.#readable(entry);
      if (revised !== undefined) found.set(key, revised);
    }
    return found;
  }

  /**
   * Calls `onChange` with the values that are there and with each later one, those that can be read; the answer ends that.
   * After an error all of it begins again.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async watch(pattern: string, onChange: (key: string, entry: Revised<T>) => void): Promise<() => void> {
    return await this.#try(
      watchEntries(this.#connection, this.#kv, pattern, (entry) => {
        const revised = this.#readable(entry);
        if (revised !== undefined) onChange(entry.key, revised);
      }),
    );
  }

  /**
   * Erases all keys that match, and leaves no marks in their place.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async erase(pattern: string): Promise<void> {
    const filter = `$KV.${this.#bucket}.${pattern}`;
    await this.#try(this.#manager.streams.purge(`KV_${this.#bucket}`, { filter }));
  }

  /** The entry among others, which one that cannot be read does not hold up. */
  #readable(entry: KvEntry): Revised<T> | undefined {
    try {
      const value = valueOf(entry, this.#schema);
      return value === undefined ? undefined : { value, revision: entry.revision };
    } catch (error) {
      if (!this.#unreadable.has(entry.key)) this.#connection.report(reasonOf(error));
      this.#unreadable.add(entry.key);
      return undefined;
    }
  }

  async #try<A>(answer: Promise<A>): Promise<A> {
    try {
      return await this.#connection.orBroken(answer);
    } catch (error) {
      throw this.#connection.fault(error, this.#bucket);
    }
  }
}
