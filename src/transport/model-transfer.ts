import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import { request } from './requests.ts';
import { writeWhole } from './whole-file.ts';

/** How a file is sent or received. */
export interface TransferOptions {
  /** Told after each part. */
  readonly onProgress?: (bytes: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** A model file ends with the SHA-256 of all before it, its id. */
const idBytes = 32;
/** Fits a request. */
const partBytes = 512 * 1024;
const partTimeoutMs = 60_000;
/** After the last part the node reads, checks and publishes the whole. */
const lastTimeoutMs = 600_000;

/**
 * Sends a model file to a node, which checks and publishes it.
 *
 * @returns the model's id
 * @throws Fault `FILE_READ`, `MODEL_FORMAT`, `MODEL_DAMAGED`, `DISK_RESERVE`, `DISK_FULL`, `REQUEST_INVALID`,
 * `NODE_UNAVAILABLE`, `NATS_DENIED`, `NATS_UNREACHABLE`; nothing is published then
 */
export async function importModel(
  connection: Connection,
  file: string,
  { onProgress, signal }: TransferOptions = {},
): Promise<string> {
  const handle = await open(file).catch((error: unknown) => {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size === 0)
      throw new Fault('FILE_READ', {
        file,
        reason: stats.isFile() ? 'it is empty' : 'it is no regular file',
      });
    const { node, upload } = await request(connection, 'modelImport', {}, { bytes: stats.size });
    for (let offset = 0; offset < stats.size;) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(new Uint8Array(partBytes), 0, partBytes, offset);
      if (bytesRead === 0) throw new Fault('FILE_READ', { file, reason: 'it has become shorter' });
      const part = buffer.subarray(0, bytesRead);
      const isLast = offset + bytesRead >= stats.size;
      const timeoutMs = isLast ? lastTimeoutMs : partTimeoutMs;
      const { model } = await request(
        connection,
        'modelUpload',
        { node },
        { upload, offset, part },
        timeoutMs,
      );
      offset += bytesRead;
      onProgress?.(offset, stats.size);
      if (model !== undefined) return model;
    }
    throw new Fault('REQUEST_INVALID', { reason: 'the node did not say which model it took' });
  } finally {
    await handle.close();
  }
}

/**
 * Copies a model to a new file, which is there whole or not at all.
 *
 * @param model - its id, or enough of the beginning
 * @returns its id
 * @throws Fault `NOT_FOUND`, `REQUEST_INVALID`, `MODEL_DAMAGED`, `FILE_WRITE` (also if the file is there already), `DISK_FULL`,
 * `NODE_UNAVAILABLE`, `NATS_DENIED`, `NATS_UNREACHABLE`
 */
export async function exportModel(
  connection: Connection,
  model: string,
  toFile: string,
  { onProgress, signal }: TransferOptions = {},
): Promise<string> {
  let id = model;
  async function* parts(): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    for (let offset = 0, total = 1; offset < total;) {
      signal?.throwIfAborted();
      // The first answer may have to wait for the node to fetch it.
      const timeoutMs = offset === 0 ? lastTimeoutMs : partTimeoutMs;
      const answer = await request(connection, 'modelExport', {}, { model: id, offset }, timeoutMs);
      if (answer.part.length === 0)
        throw new Fault('REQUEST_INVALID', { reason: 'the node has only a part of it' });
      ({ model: id, total } = answer);
      hash.update(answer.part.subarray(0, Math.max(0, total - idBytes - offset)));
      offset += answer.part.length;
      yield answer.part;
      onProgress?.(offset, total);
    }
    if (hash.digest('hex') !== id)
      throw new Fault('MODEL_DAMAGED', {
        file: `of ${id}`,
        reason: 'its content does not match its checksum',
      });
  }
  await writeWhole(toFile, parts(), { existing: 'refuse' });
  return id;
}
