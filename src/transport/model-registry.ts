import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Fault, reasonOf } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import type { Connection } from './connection.ts';
import { maxPartBytes, ObjectBucket, partsOf, type StoredObject } from './object-bucket.ts';
import { modelRecord, type ModelMetadata, type ModelRecord } from './payloads.ts';
import { diskSpace } from './server/disk-budget.ts';
import { writeWhole } from './whole-file.ts';

/** A model to be published. */
export interface ModelPublication {
  /** A model file, checked by whoever publishes it; only its checksum is looked at here. */
  readonly file: string;
  readonly metadata: ModelMetadata;
  /** The whole evaluation, JSON in UTF-8. */
  readonly evaluation?: Uint8Array;
  /** The report, a page of HTML in UTF-8. */
  readonly report?: Uint8Array;
}

/** What may stand beside a model. */
export type ModelDocument = 'evaluation' | 'report';

/** Settings of a {@link ModelRegistry}. */
export interface ModelRegistryOptions {
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
  /** The disk behind the server, if it is this machine's: what is published leaves `reserveBytes` of it free. */
  readonly disk?: { readonly folder: string; readonly reserveBytes: number } | undefined;
}

const bucketName = 'autotag-registry';
const idForm = /^[0-9a-f]{64}$/;
const prefixForm = /^[0-9a-f]{6,64}$/;
/** A model file ends with the SHA-256 of all before it, its id. */
const idBytes = 32;
/** The longest document: it is read whole. */
const maxDocumentBytes = 256 * 1024 * 1024;

/**
 * The models of the cluster, in JetStream's object store: immutable files by their id, each with what is known of it,
 * its evaluation and its report. A model is there once all of that is stored.
 */
export class ModelRegistry {
  readonly #bucket: ObjectBucket;
  readonly #disk: ModelRegistryOptions['disk'];

  private constructor(bucket: ObjectBucket, disk: ModelRegistryOptions['disk']) {
    this.#bucket = bucket;
    this.#disk = disk;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(connection: Connection, options: ModelRegistryOptions = {}): Promise<ModelRegistry> {
    const { replicas = 1, disk } = options;
    return new ModelRegistry(await ObjectBucket.open(connection, bucketName, { replicas }), disk);
  }

  /**
   * Publishes a model; one that is there already stays as it is.
   * @returns its id
   * @throws Fault `FILE_READ`, `MODEL_DAMAGED` (its checksum is not that of its content), `DISK_RESERVE`,
   * `NATS_UNREACHABLE`; nothing is published then
   */
  async publish({ file, metadata, evaluation, report }: ModelPublication): Promise<string> {
    const handle = await openToRead(file);
    try {
      const { size } = await handle.stat();
      const id = await claimedId(handle, file, size);
      if ((await this.#bucket.find(modelName(id))) !== undefined) return id;
      await this.#admit(size + (evaluation?.length ?? 0) + (report?.length ?? 0));
      const documents = {
        ...(evaluation === undefined ? {} : { evaluation: await this.#putDocument(evaluation) }),
        ...(report === undefined ? {} : { report: await this.#putDocument(report) }),
      };
      const record: ModelRecord = { ...metadata, id, bytes: size, publishedAt: Date.now(), documents };
      // Last: whoever sees the model finds its documents.
      await this.#bucket.put(modelName(id), checkedParts(handle, file, size, id), {
        record: JSON.stringify(modelRecord.parse(record)),
      });
      return id;
    } finally {
      await handle.close();
    }
  }

  /**
   * Every model, the last published last.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async list(): Promise<ModelRecord[]> {
    const names = await this.#bucket.names(modelName(''));
    const objects = await Promise.all(names.map((name) => this.#bucket.find(name)));
    return objects
      .filter((object) => object !== undefined)
      .map(recordOf)
      .sort((left, right) => left.publishedAt - right.publishedAt || (left.id < right.id ? -1 : 1));
  }

  /**
   * The model of this id, or the only one whose id begins so (6 digits at least).
   * @throws Fault `NOT_FOUND`, `REQUEST_INVALID` (several begin so, or it is no id), `NATS_UNREACHABLE`
   */
  async find(idPrefix: string): Promise<ModelRecord> {
    if (!prefixForm.test(idPrefix))
      throw new Fault('REQUEST_INVALID', {
        reason: `${JSON.stringify(idPrefix.slice(0, 80))} is no id of a model: give 6 to 64 of its hex digits`,
      });
    const names = idForm.test(idPrefix)
      ? [modelName(idPrefix)]
      : await this.#bucket.names(modelName(idPrefix));
    if (names.length > 1)
      throw new Fault('REQUEST_INVALID', {
        reason: `${String(names.length)} models begin with ${idPrefix}; give more of the id`,
      });
    const object = names[0] === undefined ? undefined : await this.#bucket.find(names[0]);
    if (object === undefined) throw new Fault('NOT_FOUND', { what: 'model', id: idPrefix });
    return recordOf(object);
  }

  /**
   * Whether there is a model of this id.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async has(id: string): Promise<boolean> {
    return idForm.test(id) && (await this.#bucket.find(modelName(id))) !== undefined;
  }

  /**
   * Copies a model to a file, which is there whole, verified and durable, or not at all.
   * @throws Fault `NOT_FOUND`, `OBJECT_DAMAGED`, `DISK_FULL`, `FILE_WRITE`, `NATS_UNREACHABLE`
   */
  async fetch(id: string, toFile: string): Promise<void> {
    const object = idForm.test(id) ? await this.#bucket.find(modelName(id)) : undefined;
    if (object === undefined) throw new Fault('NOT_FOUND', { what: 'model', id });
    await writeWhole(toFile, this.#bucket.read(object));
  }

  /**
   * A document of a model, whole, or `undefined` if it has none.
   * @throws Fault `NOT_FOUND` (no such model), `OBJECT_DAMAGED`, `NATS_UNREACHABLE`
   */
  async document(id: string, kind: ModelDocument): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const hash = (await this.find(id)).documents[kind];
    const object = hash === undefined ? undefined : await this.#bucket.find(documentName(hash));
    if (object === undefined) return undefined;
    const whole = new Uint8Array(object.size);
    let offset = 0;
    for await (const part of this.#bucket.read(object)) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  /**
   * Removes a model, and those of its documents that no other model has. Whoever calls makes sure that it is not in use.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async remove(id: string): Promise<void> {
    const { documents } = await this.find(id);
    await this.#bucket.remove(modelName(id));
    const others = new Set((await this.list()).flatMap((record) => hashesOf(record.documents)));
    for (const hash of hashesOf(documents))
      if (!others.has(hash)) await this.#bucket.remove(documentName(hash));
  }

  /**
   * Removes what publications that were cut off have left.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async sweep(): Promise<number> {
    return await this.#bucket.sweep();
  }

  /** On a full disk the server would answer no more, for photos neither. */
  async #admit(bytes: number): Promise<void> {
    if (this.#disk === undefined) return;
    const { folder, reserveBytes } = this.#disk;
    const { free } = await diskSpace(folder);
    if (free < bytes + reserveBytes)
      throw new Fault('DISK_RESERVE', {
        reason: `${String(bytes)} bytes of a model are too many where ${String(free)} are free and ${String(reserveBytes)} stay so`,
      });
  }

  async #putDocument(bytes: Uint8Array): Promise<string> {
    if (bytes.length > maxDocumentBytes)
      throw new Fault('REQUEST_INVALID', {
        reason: `a document of a model has ${String(bytes.length)} bytes, more than ${String(maxDocumentBytes)}`,
      });
    const hash = sha256(bytes);
    if ((await this.#bucket.find(documentName(hash))) === undefined)
      await this.#bucket.put(documentName(hash), partsOf(bytes));
    return hash;
  }
}

function modelName(id: string): string {
  return `model/${id}`;
}

function documentName(hash: string): string {
  return `document/${hash}`;
}

function hashesOf({ evaluation, report }: ModelRecord['documents']): string[] {
  return [evaluation, report].filter((hash) => hash !== undefined);
}

function recordOf({ name, metadata }: StoredObject): ModelRecord {
  const { success, data } = modelRecord.safeParse(parsed(metadata['record']));
  if (success) return data;
  throw new Fault('OBJECT_DAMAGED', { name, reason: 'what stands beside it cannot be read' });
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '');
  } catch {
    return undefined;
  }
}

async function openToRead(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

async function claimedId(handle: FileHandle, file: string, size: number): Promise<string> {
  const id = Buffer.alloc(idBytes);
  if (size <= idBytes) throw new Fault('MODEL_DAMAGED', { file, reason: 'it is cut off' });
  await handle.read(id, 0, idBytes, size - idBytes);
  return id.toString('hex');
}

/** The whole file, piece after piece; it throws before the last one if the content is not that of the id. */
async function* checkedParts(
  handle: FileHandle,
  file: string,
  size: number,
  id: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  const content = size - idBytes;
  for (let offset = 0; offset < content;) {
    const wanted = Math.min(maxPartBytes, content - offset);
    // A buffer each: the one before may still be on its way.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, offset);
    if (bytesRead === 0) throw new Fault('MODEL_DAMAGED', { file, reason: 'it is cut off' });
    const part = buffer.subarray(0, bytesRead);
    hash.update(part);
    yield part;
    offset += bytesRead;
  }
  if (hash.digest('hex') !== id)
    throw new Fault('MODEL_DAMAGED', { file, reason: 'its content does not match its checksum' });
  yield Buffer.from(id, 'hex');
}
