import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import { randomId } from '../src/base/ids.ts';
import { decodePreamble, maxModelBytes, preambleBytes } from '../src/model/model-format.ts';
import { writeFault } from '../src/base/write-fault.ts';
import { diskSpace } from '../src/transport/server/disk-budget.ts';

/** What uploads of model files work with. */
export interface ModelUploadsOptions {
  /** Emptied when the node starts. */
  readonly folder: string;
  readonly clock: Clock;
  /** Disk space that is never filled, bytes. */
  readonly reserveBytes: number;
}

interface Upload {
  readonly file: string;
  readonly handle: FileHandle;
  readonly bytes: number;
  received: number;
  touchedAt: number;
}

const maxUploads = 4;
const idleMs = 10 * 60_000;

/** Model files that arrive in parts, one after the other; whoever stops in between is forgotten after some minutes. */
export class ModelUploads {
  readonly #options: ModelUploadsOptions;
  readonly #uploads = new Map<string, Upload>();

  constructor(options: ModelUploadsOptions) {
    this.#options = options;
  }

  /**
   * Begins an upload of a file of this length.
   * @returns the token that its parts are sent with
   * @throws Fault `REQUEST_INVALID` (too long, too many at once), `DISK_RESERVE`, `DISK_FULL`, `FILE_WRITE`
   */
  async begin(bytes: number): Promise<string> {
    for (const [token, { touchedAt }] of this.#uploads)
      if (this.#options.clock.monotonic() - touchedAt > idleMs) await this.discard(token);
    if (bytes > maxModelBytes)
      throw invalid(`a model has at most ${String(maxModelBytes)} bytes, not ${String(bytes)}`);
    if (this.#uploads.size >= maxUploads)
      throw invalid(`${String(maxUploads)} models are being imported; try again when one is done`);
    await this.#admit(bytes);
    const token = randomId();
    const file = join(this.#options.folder, `${token}.model`);
    const handle = await open(file, 'wx').catch((error: unknown) => {
      throw writeFault(file, error);
    });
    this.#uploads.set(token, {
      file,
      handle,
      bytes,
      received: 0,
      touchedAt: this.#options.clock.monotonic(),
    });
    return token;
  }

  /**
   * Takes the next part.
   * @returns the file once it is whole; it is the caller's then, to move or {@link discard}
   * @throws Fault `NOT_FOUND`, `REQUEST_INVALID` (not the next part), `MODEL_FORMAT`, `MODEL_DAMAGED` (the first part says
   * that it is no model of this length), `DISK_FULL`, `FILE_WRITE`; the upload is over then
   */
  async write(token: string, offset: number, part: Uint8Array): Promise<string | undefined> {
    const upload = this.#uploads.get(token);
    if (upload === undefined) throw new Fault('NOT_FOUND', { what: 'upload', id: token });
    const { file, handle, bytes } = upload;
    try {
      if (offset !== upload.received || part.length === 0 || offset + part.length > bytes)
        throw invalid(`the upload goes on at byte ${String(upload.received)} of ${String(bytes)}`);
      if (offset === 0) decodePreamble('that was sent', Buffer.from(part.subarray(0, preambleBytes)), bytes);
      await writeAt(handle, part, offset);
      upload.received = offset + part.length;
      upload.touchedAt = this.#options.clock.monotonic();
      if (upload.received < bytes) return undefined;
      await handle.sync();
      await handle.close();
      return file;
    } catch (error) {
      await this.discard(token);
      throw writeFault(file, error);
    }
  }

  /** Ends an upload and removes its file, if it is still there. */
  async discard(token: string): Promise<void> {
    const upload = this.#uploads.get(token);
    this.#uploads.delete(token);
    if (upload === undefined) return;
    await upload.handle.close();
    await rm(upload.file, { force: true });
  }

  /** It is on the disk twice in the end: in the registry and here. */
  async #admit(bytes: number): Promise<void> {
    const { folder, reserveBytes } = this.#options;
    const { free } = await diskSpace(folder);
    if (free < 2 * bytes + reserveBytes)
      throw new Fault('DISK_RESERVE', {
        reason: `${String(free)} bytes are free, a model of ${String(bytes)} does not leave ${String(reserveBytes)}`,
      });
  }
}

async function writeAt(handle: FileHandle, part: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < part.length;) {
    const { bytesWritten } = await handle.write(part, done, part.length - done, position + done);
    done += bytesWritten;
  }
}

function invalid(reason: string): Fault {
  return new Fault('REQUEST_INVALID', { reason });
}
