import { createReadStream } from 'node:fs';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import { maxPartBytes, ObjectBucket, type StoredObject } from './object-bucket.ts';
import { names } from './photo-stream.ts';
import { request } from './requests.ts';

/** A blob: an immutable file, named by its SHA-256 in hex. */
export interface Blob {
  readonly id: string;
  readonly bytes: number;
}

/** Where a node keeps blobs: `BlobStore`. */
export interface BlobFolder {
  has(id: string): Promise<boolean>;
  path(id: string): string;
  create(): Promise<BlobSink>;
}

/** A blob on its way into a folder. */
export interface BlobSink {
  write(part: Uint8Array): Promise<void>;
  commit(): Promise<Blob>;
  abort(): Promise<void>;
}

/** Settings of a {@link BlobExchange}. */
export interface BlobExchangeOptions {
  /** What all blobs on their way may take; the oldest give way. Without it the limit that is in force stays. */
  readonly maxBytes?: number | undefined;
  /** A blob that nobody removed is gone after this, ms. Default 6 hours. */
  readonly maxAgeMs?: number;
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
}

/** Which blob of which run is wanted, from whom. */
export interface BlobWish {
  readonly run: string;
  readonly blob: Blob;
  /** The node that has it. */
  readonly holder: string;
}

const tries = 3;
const askAgainMs = 250;

/**
 * Hands blobs from node to node through JetStream's object store, a few parts in memory at a time.
 *
 * It is a place of passage: what is missing or damaged there is asked for again from the node that has it.
 */
export class BlobExchange {
  readonly #connection: Connection;
  readonly #bucket: ObjectBucket;
  /** By name, as {@link nameOf} gives them. */
  readonly #offers = new Map<string, Promise<void>>();
  /** Of offers that nobody waited for; told to whoever asks next. */
  readonly #failures = new Map<string, Fault>();
  readonly #fetches = new Map<string, Promise<void>>();

  private constructor(connection: Connection, bucket: ObjectBucket) {
    this.#connection = connection;
    this.#bucket = bucket;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(connection: Connection, options: BlobExchangeOptions = {}): Promise<BlobExchange> {
    const { maxBytes, maxAgeMs = 6 * 3_600_000, replicas = 1 } = options;
    const bucket = await ObjectBucket.open(connection, names.blobs, {
      maxBytes,
      maxAgeMs,
      replicas,
      whenFull: 'drop',
    });
    return new BlobExchange(connection, bucket);
  }

  /**
   * Puts a blob of a run into the exchange, unless it is there; two offers at once are one.
   * @throws Fault `NOT_FOUND` if the folder lacks it; `DISK_RESERVE`, `NATS_UNREACHABLE`
   */
  offer(run: string, id: string, from: BlobFolder): Promise<void> {
    return once(this.#offers, nameOf(run, id), async () => {
      if ((await this.#find(run, id)) !== undefined) return;
      if (!(await from.has(id))) throw new Fault('NOT_FOUND', { what: 'blob', id });
      await this.#bucket.put(
        nameOf(run, id),
        createReadStream(from.path(id), { highWaterMark: maxPartBytes }) as AsyncIterable<Uint8Array>,
      );
    });
  }

  /**
   * Answers whoever asks for a blob: whether it is in the exchange by now. If not, it is on its way there.
   * @throws Fault why it cannot be offered, or could not a moment ago
   */
  async answer(run: string, id: string, from: BlobFolder): Promise<boolean> {
    const name = nameOf(run, id);
    const failure = this.#failures.get(name);
    this.#failures.delete(name);
    if (failure !== undefined) throw failure;
    const offered = this.offer(run, id, from).then(() => true);
    const soon = new Promise<boolean>((resolve) => setTimeout(resolve, askAgainMs, false));
    soon
      .then(() => offered)
      .catch((error: unknown) => {
        this.#failures.set(name, Fault.from(error));
      });
    return await Promise.race([offered, soon]);
  }

  /**
   * Gets a blob of a run from another node, verified; nothing if the folder has it already. Two fetches at once are one.
   * @throws Fault `BLOB_LOST`, `NODE_UNAVAILABLE` (its holder does not answer), `DISK_FULL`, `NATS_UNREACHABLE`
   */
  async fetch(wish: BlobWish, into: BlobFolder): Promise<void> {
    const { run, blob, holder } = wish;
    if (await into.has(blob.id)) return;
    await once(this.#fetches, nameOf(run, blob.id), async () => {
      for (let left = tries - 1; ; left--) {
        try {
          await this.#receive(await this.#untilThere(wish), blob, into);
          return;
        } catch (error) {
          const fault = Fault.from(error);
          if (fault.code !== 'OBJECT_DAMAGED') throw fault;
          await this.#bucket.remove(nameOf(run, blob.id));
          if (left === 0) throw lost(blob.id, holder, fault);
        }
      }
    });
  }

  /**
   * Takes a blob of a run out of the exchange.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async remove(run: string, id: string): Promise<void> {
    await this.#bucket.remove(nameOf(run, id));
  }

  /**
   * Takes all blobs of a run out of the exchange.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async clear(run: string): Promise<void> {
    for (const name of await this.#bucket.names(nameOf(run, ''))) await this.#bucket.remove(name);
  }

  async #untilThere({ run, blob: { id }, holder }: BlobWish): Promise<StoredObject> {
    for (;;) {
      const object = await this.#find(run, id);
      if (object !== undefined) return object;
      try {
        await request(this.#connection, 'blobOffer', { node: holder }, { run, id });
      } catch (error) {
        const fault = Fault.from(error);
        throw fault.code === 'NOT_FOUND' ? lost(id, holder, fault) : fault;
      }
    }
  }

  async #find(run: string, id: string): Promise<StoredObject | undefined> {
    return await this.#bucket.find(nameOf(run, id));
  }

  async #receive(object: StoredObject, blob: Blob, into: BlobFolder): Promise<void> {
    const sink = await into.create();
    try {
      for await (const part of this.#bucket.read(object)) await sink.write(part);
      if (object.digest !== digestOf(blob.id) || object.size !== blob.bytes)
        throw new Fault('OBJECT_DAMAGED', { name: object.name, reason: 'it is another file' });
      await sink.commit();
    } catch (error) {
      await sink.abort();
      throw error;
    }
  }
}

/** What is under way under a name, or `work`, which is under way from now on. */
function once(underWay: Map<string, Promise<void>>, name: string, work: () => Promise<void>): Promise<void> {
  const found = underWay.get(name);
  if (found !== undefined) return found;
  const done = work().finally(() => underWay.delete(name));
  underWay.set(name, done);
  return done;
}

function nameOf(run: string, id: string): string {
  return `${run}/${id}`;
}

/** The object store's form of a SHA-256. */
function digestOf(id: string): string {
  return `SHA-256=${Buffer.from(id, 'hex').toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}

function lost(id: string, node: string, fault: Fault): Fault {
  return new Fault('BLOB_LOST', { id, node, reason: reasonOf(fault) }, fault);
}
