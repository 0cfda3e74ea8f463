import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, reasonOf } from '../base/errors.ts';
import { randomId, sha256 } from '../base/ids.ts';
import { writeFault } from '../base/write-fault.ts';

/** An immutable file, named by its content. */
export interface BlobRef {
  /** SHA-256 of its bytes, in hex. */
  readonly id: string;
  readonly bytes: number;
}

const idForm = /^[0-9a-f]{64}$/;
const partialSuffix = '.partial';

/**
 * Blobs in a folder, a file each. Any number of threads and processes may use the same folder at once:
 * a blob is there whole and for good, or not at all.
 */
export class BlobStore {
  /** Where the files are. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * The file of a blob, there or not; read it, never write it.
   * @throws Fault `NOT_FOUND` if `id` is no SHA-256 in hex: no other name may become a path
   */
  path(id: string): string {
    if (!idForm.test(id)) throw new Fault('NOT_FOUND', { what: 'blob', id: JSON.stringify(id) });
    return join(this.folder, id);
  }

  /** Whether there is such a blob; its content is not read. */
  async has(id: string): Promise<boolean> {
    const found = await stat(this.path(id)).catch(unlessMissing);
    return found !== undefined;
  }

  /**
   * Stores a blob; durable when resolved. Storing one twice keeps it once, and mends it if it was damaged.
   * @param parts - its content, piece after piece; of a file, a stream
   * @throws Fault `DISK_FULL`, `FILE_WRITE`, and what `parts` throws
   */
  async put(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<BlobRef> {
    const writer = await this.create();
    try {
      for await (const part of parts) await writer.write(part);
      return await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /**
   * Starts a blob whose content comes little by little.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`
   */
  async create(): Promise<BlobWriter> {
    const file = join(this.folder, `${randomId()}${partialSuffix}`);
    try {
      await mkdir(this.folder, { recursive: true });
      return new BlobWriter(this, this.folder, file, await open(file, 'wx'));
    } catch (error) {
      throw writeFault(file, error);
    }
  }

  /**
   * Reads a whole blob and checks it.
   * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
   */
  async read(id: string): Promise<Buffer> {
    const file = this.path(id);
    const content = await readFile(file)
      .catch(unlessMissing)
      .catch((error: unknown) => {
        throw new Fault('BLOB_DAMAGED', { file, reason: reasonOf(error) }, error);
      });
    if (content === undefined) throw new Fault('NOT_FOUND', { what: 'blob', id });
    if (sha256(content) !== id)
      throw new Fault('BLOB_DAMAGED', { file, reason: 'its content does not match its name' });
    return content;
  }

  /** Removes a blob, if it is there. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true });
  }

  /** Every blob, in no order; one that is stored or removed meanwhile may be among them or not. */
  async *list(): AsyncIterable<
    BlobRef & { /** Last stored, wall time in ms. */ readonly modifiedAt: number }
  > {
    for await (const name of this.#names()) {
      if (!idForm.test(name)) continue;
      const found = await stat(join(this.folder, name)).catch(unlessMissing);
      if (found !== undefined) yield { id: name, bytes: found.size, modifiedAt: found.mtimeMs };
    }
  }

  /** Removes what killed writers have left; only while nobody writes into the folder. */
  async removePartial(): Promise<void> {
    for await (const name of this.#names())
      if (name.endsWith(partialSuffix)) await rm(join(this.folder, name), { force: true });
  }

  async *#names(): AsyncIterable<string> {
    const folder = await opendir(this.folder).catch(unlessMissing);
    if (folder !== undefined) for await (const entry of folder) yield entry.name;
  }
}

/** A blob on its way into a store. End it by {@link commit} or {@link abort}. */
export class BlobWriter {
  readonly #store: BlobStore;
  readonly #folder: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(store: BlobStore, folder: string, file: string, handle: FileHandle) {
    this.#store = store;
    this.#folder = folder;
    this.#file = file;
    this.#handle = handle;
  }

  /**
   * Adds a part; it must not change before this resolves, nor may the next one be written.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`; abort it then
   */
  async write(part: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(part);
    } catch (error) {
      throw writeFault(this.#file, error);
    }
    this.#hash.update(part);
    this.#bytes += part.length;
  }

  /**
   * Puts the blob in place; durable when resolved.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`; abort it then
   */
  async commit(): Promise<BlobRef> {
    const id = this.#hash.digest('hex');
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#file, this.#store.path(id));
      await syncFolder(this.#folder);
    } catch (error) {
      throw writeFault(this.#file, error);
    }
    return { id, bytes: this.#bytes };
  }

  /** Gives it up: nothing is stored. Safe to repeat. */
  async abort(): Promise<void> {
    await this.#handle.close();
    await rm(this.#file, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
