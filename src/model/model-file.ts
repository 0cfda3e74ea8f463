import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Fault, reasonOf } from '../base/errors.ts';
import { allFinite } from '../vision/finite.ts';
import { decodePreamble, digestBytes, type ModelSizes, preambleBytes } from './model-format.ts';
import { checkHeader, type ModelHeader } from './model-header.ts';
import { layoutOf, type ModelLayout } from './model-layout.ts';

/** A model file in memory: its header, and its numbers in one buffer. */
export interface Model {
  /** SHA-256 of the file's content, in hex. */
  readonly id: string;
  readonly header: ModelHeader;
  /** Where the numbers lie in {@link Model.buffer}. */
  readonly layout: ModelLayout;
  /** The file's body, read straight into it; never written again. */
  readonly buffer: ArrayBuffer;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Reads and checks a model file.
 *
 * @throws Fault `NOT_FOUND` if there is no such file; `MODEL_FORMAT` if it is something else, of a newer format or of impossible content;
 * `MODEL_DAMAGED` if it is cut off, changed or cannot be read
 */
export async function readModel(file: string): Promise<Model> {
  const handle = await openRegular(file);
  try {
    return await read(handle, file);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('MODEL_DAMAGED', { file, reason: reasonOf(error) }, error);
  } finally {
    await handle.close();
  }
}

async function openRegular(file: string): Promise<FileHandle> {
  try {
    // Asked before opening: opening a pipe would wait for its writer.
    if ((await stat(file)).isFile()) return await open(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Fault('NOT_FOUND', { what: 'model file', id: file }, error);
    throw new Fault('MODEL_DAMAGED', { file, reason: reasonOf(error) }, error);
  }
  throw new Fault('MODEL_FORMAT', { file, reason: 'it is no regular file' });
}

async function read(handle: FileHandle, file: string): Promise<Model> {
  const { size } = await handle.stat();
  const hash = createHash('sha256');
  const preamble = Buffer.alloc(Math.min(preambleBytes, size));
  await fill(handle, file, preamble, hash);
  const sizes = decodePreamble(file, preamble, size);
  const json = Buffer.alloc(sizes.headerBytes);
  await fill(handle, file, json, hash);
  const buffer = new ArrayBuffer(sizes.bodyBytes);
  await fill(handle, file, new Uint8Array(buffer), hash);
  const id = await verify(handle, file, hash);
  const header = parseHeader(file, json, sizes);
  await checkNumbers(file, buffer);
  return { id, header, layout: layoutOf(header), buffer };
}

/** Reads on until `target` is full, hashing what comes. */
async function fill(handle: FileHandle, file: string, target: Uint8Array, hash?: Hash): Promise<void> {
  for (let offset = 0; offset < target.length;) {
    const wanted = Math.min(chunkBytes, target.length - offset);
    const { bytesRead } = await handle.read(target, offset, wanted, null);
    if (bytesRead === 0) throw new Fault('MODEL_DAMAGED', { file, reason: 'it is cut off' });
    hash?.update(target.subarray(offset, offset + bytesRead));
    offset += bytesRead;
  }
}

async function verify(handle: FileHandle, file: string, hash: Hash): Promise<string> {
  const expected = Buffer.alloc(digestBytes);
  await fill(handle, file, expected);
  const digest = hash.digest();
  if (!digest.equals(expected))
    throw new Fault('MODEL_DAMAGED', { file, reason: 'its content does not match its checksum' });
  return digest.toString('hex');
}

function parseHeader(file: string, json: Buffer, { bodyBytes }: ModelSizes): ModelHeader {
  const header = checkHeader(parseJson(json));
  if (typeof header === 'string') throw new Fault('MODEL_FORMAT', { file, reason: header });
  const expected = layoutOf(header).bytes;
  if (expected !== bodyBytes)
    throw new Fault('MODEL_FORMAT', {
      file,
      reason: `its body has ${String(bodyBytes)} bytes, and its header stands for ${String(expected)}`,
    });
  return header;
}

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Weights that are not finite would make every score of a block meaningless, with no error anywhere. Checked in pieces:
 * the event loop turns in between.
 */
async function checkNumbers(file: string, buffer: ArrayBuffer): Promise<void> {
  for (let offset = 0; offset < buffer.byteLength; offset += chunkBytes) {
    const bytes = Math.min(chunkBytes, buffer.byteLength - offset);
    if (!allFinite(new Float32Array(buffer, offset, bytes / Float32Array.BYTES_PER_ELEMENT)))
      throw new Fault('MODEL_FORMAT', { file, reason: 'it has numbers that are not finite' });
    await setImmediate();
  }
}
