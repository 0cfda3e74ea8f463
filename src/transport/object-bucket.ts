import { createHash } from 'node:crypto';
import {
  DiscardPolicy,
  headers as createHeaders,
  JsHeaders,
  nanos,
  StorageType,
  type JetStreamManager,
} from 'nats';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { ensureStream } from './photo-stream.ts';
import { readLast, readNext } from './stored-message.ts';

const objectSchema = z.object({
  name: z.string(),
  /** Names the subject of its chunks. */
  nuid: z.string(),
  size: z.int().min(0),
  chunks: z.int().min(0),
  /** `SHA-256=` and base64url. */
  digest: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  deleted: z.boolean().default(false),
});

/** What the bucket knows of an object: it is there, whole. */
export type StoredObject = Readonly<z.infer<typeof objectSchema>>;

/** Settings of an {@link ObjectBucket}. */
export interface ObjectBucketOptions {
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
  /** What all objects together may take; without it the limit that is in force stays. */
  readonly maxBytes?: number | undefined;
  /** Whether a new object is refused when there is no room for it, or the oldest parts are dropped. Default `refuse`. */
  readonly whenFull?: 'refuse' | 'drop';
  /** Parts are dropped after this, ms; 0 is never. Default 0. */
  readonly maxAgeMs?: number;
}

/** The longest part of an object: a message. */
export const maxPartBytes = 512 * 1024;
/** Parts on their way to the server at once. */
const partsInFlight = 8;
const publishTimeoutMs = 20_000;

/**
 * Immutable objects in a bucket of JetStream's object store, in its own layout (`nats object ls` shows them).
 *
 * The client library's own view holds a whole object in memory and hashes it in JavaScript; here a few parts are
 * under way at a time. An object is there once its last message, the description, is stored: nobody sees half of one.
 */
export class ObjectBucket {
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #bucket: string;
  readonly #stream: string;

  private constructor(connection: Connection, manager: JetStreamManager, bucket: string) {
    this.#connection = connection;
    this.#manager = manager;
    this.#bucket = bucket;
    this.#stream = `OBJ_${bucket}`;
  }

  /**
   * Opens a bucket, or creates it.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open(
    connection: Connection,
    bucket: string,
    { replicas = 1, maxBytes, whenFull = 'refuse', maxAgeMs = 0 }: ObjectBucketOptions = {},
  ): Promise<ObjectBucket> {
    try {
      const manager = await clientOf(connection).jetstreamManager({ checkAPI: false });
      await ensureStream(manager, `OBJ_${bucket}`, {
        subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
        storage: StorageType.File,
        num_replicas: replicas,
        discard: whenFull === 'drop' ? DiscardPolicy.Old : DiscardPolicy.New,
        max_age: nanos(maxAgeMs),
        ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
        allow_direct: true,
        allow_rollup_hdrs: true,
      });
      return new ObjectBucket(connection, manager, bucket);
    } catch (error) {
      throw connection.fault(error, bucket);
    }
  }

  /**
   * The object of this name, if it is there.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async find(name: string): Promise<StoredObject | undefined> {
    const stored = await readLast(this.#connection, this.#stream, this.#infoSubject(name));
    if (stored === undefined) return undefined;
    const object = objectSchema.parse(JSON.parse(new TextDecoder().decode(stored.bytes)));
    return object.deleted ? undefined : object;
  }

  /**
   * Names of all objects that begin so.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async names(beginning = ''): Promise<string[]> {
    const subjects = await this.#subjects('M');
    return [...subjects.keys()].map(decode).filter((name) => name.startsWith(beginning));
  }

  /**
   * Stores an object; one of the same name is replaced when the new one is whole.
   *
   * @param parts - the content, piece after piece, none longer than {@link maxPartBytes}; when this throws, nothing is stored
   * @throws Fault `DISK_RESERVE`, `NATS_UNREACHABLE`, and what `parts` throws
   */
  async put(
    name: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<StoredObject> {
    const nuid = randomId();
    try {
      const content = await this.#putParts(this.#partSubject(nuid), parts);
      const object: StoredObject = { name, nuid, ...content, metadata, deleted: false };
      await this.#putInfo(object);
      return object;
    } catch (error) {
      // What cannot be removed now is what `sweep` is for.
      if (this.#connection.connected) await this.#purge(this.#partSubject(nuid)).catch(() => undefined);
      throw this.#connection.fault(error, this.#bucket);
    }
  }

  /**
   * The content of an object, one part in memory at a time. It is whole and right only if it comes to its end.
   * @throws Fault `OBJECT_DAMAGED`, `NATS_UNREACHABLE`
   */
  async *read({
    name,
    nuid,
    chunks,
    size,
    digest,
  }: StoredObject): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    let bytes = 0;
    let from = 1;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = await readNext(this.#connection, this.#stream, this.#partSubject(nuid), from);
      if (part === undefined) throw damaged(name, `${String(chunks - chunk)} of its parts are gone`);
      from = part.sequence + 1;
      bytes += part.bytes.length;
      hash.update(part.bytes);
      yield part.bytes;
    }
    if (bytes !== size || digestText(hash.digest()) !== digest)
      throw damaged(name, 'its content does not match its checksum');
  }

  /**
   * Removes an object; tells whether it was there.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async remove(name: string): Promise<boolean> {
    const object = await this.find(name);
    if (object === undefined) return false;
    try {
      // In this order nobody finds it without its parts.
      await this.#purge(this.#infoSubject(name));
      await this.#purge(this.#partSubject(object.nuid));
      return true;
    } catch (error) {
      throw this.#connection.fault(error, this.#bucket);
    }
  }

  /**
   * Removes parts of objects that were never finished, once they are `idleMs` old.
   * @returns how many objects those were
   * @throws Fault `NATS_UNREACHABLE`
   */
  async sweep(idleMs = 3_600_000): Promise<number> {
    // In this order: an object that is finished meanwhile is known.
    const begun = await this.#subjects('C');
    const finished = new Set<string>();
    for (const name of await this.names()) finished.add((await this.find(name))?.nuid ?? '');
    let swept = 0;
    for (const nuid of begun.keys()) {
      if (finished.has(nuid)) continue;
      const last = await readLast(this.#connection, this.#stream, this.#partSubject(nuid));
      if (last === undefined || Date.now() - last.storedAt < idleMs) continue;
      await this.#purge(this.#partSubject(nuid));
      swept += 1;
    }
    return swept;
  }

  async #putParts(
    subject: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<Pick<StoredObject, 'size' | 'chunks' | 'digest'>> {
    const hash = createHash('sha256');
    const inFlight: Promise<unknown>[] = [];
    let [size, chunks] = [0, 0];
    try {
      for await (const part of parts) {
        hash.update(part);
        size += part.length;
        chunks += 1;
        inFlight.push(this.#publish(subject, part));
        if (inFlight.length >= partsInFlight) await inFlight.shift();
      }
    } finally {
      // None of them may fail unheard, nor be stored after a purge.
      await Promise.allSettled(inFlight);
    }
    await Promise.all(inFlight);
    return { size, chunks, digest: digestText(hash.digest()) };
  }

  async #putInfo(object: StoredObject): Promise<void> {
    const headers = createHeaders();
    headers.set(JsHeaders.RollupHdr, JsHeaders.RollupValueSubject);
    const info = {
      ...object,
      bucket: this.#bucket,
      mtime: new Date().toISOString(),
      options: { max_chunk_size: maxPartBytes },
    };
    await this.#publish(
      this.#infoSubject(object.name),
      new TextEncoder().encode(JSON.stringify(info)),
      headers,
    );
  }

  #publish(subject: string, payload: Uint8Array, headers = createHeaders()): Promise<unknown> {
    const { connected, url } = this.#connection;
    // Parts would pile up here until the server is back.
    if (!connected) throw new Fault('NATS_UNREACHABLE', { url, reason: 'the connection is broken' });
    const stored = clientOf(this.#connection)
      .jetstream()
      .publish(subject, payload, { headers, timeout: publishTimeoutMs });
    const answer = this.#connection.orBroken(stored);
    // Heard when its turn comes; until then it must not count as unhandled.
    answer.catch(() => undefined);
    return answer;
  }

  async #purge(subject: string): Promise<void> {
    await this.#connection.orBroken(this.#manager.streams.purge(this.#stream, { filter: subject }));
  }

  /** Last tokens of the subjects that have messages: encoded names (M) or numbers of chunks' objects (C). */
  async #subjects(kind: 'M' | 'C'): Promise<Map<string, number>> {
    const beginning = `$O.${this.#bucket}.${kind}.`;
    try {
      const { state } = await this.#connection.orBroken(
        this.#manager.streams.info(this.#stream, { subjects_filter: `${beginning}>` }),
      );
      const counts = Object.entries(state.subjects ?? {});
      return new Map(counts.map(([subject, count]) => [subject.slice(beginning.length), count]));
    } catch (error) {
      throw this.#connection.fault(error, this.#bucket);
    }
  }

  #infoSubject(name: string): string {
    return `$O.${this.#bucket}.M.${encode(name)}`;
  }

  #partSubject(nuid: string): string {
    return `$O.${this.#bucket}.C.${nuid}`;
  }
}

/** A value in pieces that {@link ObjectBucket.put} takes. */
export function* partsOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += maxPartBytes)
    yield bytes.subarray(from, from + maxPartBytes);
}

// The object store's own encodings: base64url with padding.
function encode(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function decode(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

function digestText(digest: Buffer): string {
  return `SHA-256=${digest.toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}

function damaged(name: string, reason: string): Fault {
  return new Fault('OBJECT_DAMAGED', { name, reason });
}
