import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Fault, reasonOf } from '../../base/errors.ts';

/** Bytes that are read at once. */
const pieceBytes = 512 * 1024;
/** Bytes that are unpacked at once: gzip makes a thousand times as many of them at most. */
const packedBytes = 64 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** Says that the file ends too early, is damaged, or is not what it was, after the pieces so far. */
export type OnCut = (reason: string) => void;

/** Which part of a file is read, and who hears how far that is. */
export interface FileReading {
  /** Unpacked bytes that are passed over. A compressed file has to be unpacked up to there. Default 0. */
  readonly from?: number | undefined;
  /** What the file had when somebody began to read it: what has been added since is left out. Default: all there is. */
  readonly fileBytes?: number | undefined;
  /** Bytes of the file, packed as they may be, up to where it was read. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/**
 * The content of a file, unpacked if it begins like gzip, whatever its name; piece after piece.
 *
 * What comes before a damaged place is given as far as it can be.
 * @throws Fault `FILE_READ`
 */
export async function* readUnpacked(
  file: string,
  onCut: OnCut,
  { from = 0, fileBytes, onRead }: FileReading = {},
): AsyncGenerator<Buffer> {
  const reader = await FileReader.open(file);
  try {
    const isPacked = (await reader.read(0, gzipMagic.length)).equals(gzipMagic);
    const pieces = (first: number, bytes: number) => reader.pieces(bytes, { from: first, fileBytes, onRead });
    yield* isPacked ? passOver(from, unpack(pieces(0, packedBytes), onCut)) : pieces(from, pieceBytes);
    await reader.checkSize(fileBytes, onCut);
  } finally {
    await reader.close();
  }
}

/** A file whose errors are faults. */
class FileReader {
  readonly #file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  static async open(file: string): Promise<FileReader> {
    return new FileReader(file, await faultOf(file, open(file)));
  }

  async read(from: number, bytes: number): Promise<Buffer> {
    const { buffer, bytesRead } = await faultOf(
      this.#file,
      this.#handle.read(Buffer.allocUnsafe(bytes), 0, bytes, from),
    );
    return buffer.subarray(0, bytesRead);
  }

  async *pieces(
    bytes: number,
    { from = 0, fileBytes = Infinity, onRead }: FileReading,
  ): AsyncGenerator<Buffer> {
    for (let at = from; at < fileBytes;) {
      const piece = await this.read(at, Math.min(bytes, fileBytes - at));
      if (piece.length === 0) return;
      at += piece.length;
      onRead?.(at);
      yield piece;
    }
  }

  async checkSize(before: number | undefined, onCut: OnCut): Promise<void> {
    const { size } = await faultOf(this.#file, this.#handle.stat());
    if (before === undefined || size === before) return;
    const change =
      size < before ? 'was cut off' : 'has grown, and what was added to its last whole line is left out';
    onCut(`${change} while it was read: it had ${String(before)} bytes and has ${String(size)}`);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function faultOf<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

async function* passOver(bytes: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of pieces) {
    if (left < piece.length) yield piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}

/** Piece by piece and by hand: a stream that fails would throw away what it has unpacked already. */
async function* unpack(pieces: AsyncIterable<Buffer>, onCut: OnCut): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const unpacked: Buffer[] = [];
  let failure: Error | undefined;
  gunzip.on('data', (piece: Buffer) => unpacked.push(piece));
  gunzip.on('error', (error) => (failure = error));
  const ended = new Promise<void>((resolve) => gunzip.once('close', resolve));
  try {
    for await (const piece of pieces) {
      const written = new Promise((resolve) => gunzip.write(piece, resolve));
      // After a failure, a write is never answered.
      await Promise.race([written, ended]);
      yield* unpacked.splice(0);
      if (failure !== undefined) break;
    }
    if (failure === undefined) gunzip.end();
    await ended;
    yield* unpacked.splice(0);
    if (failure !== undefined) onCut(cutReason(failure));
  } finally {
    gunzip.destroy();
  }
}

function cutReason(failure: Error): string {
  return 'code' in failure && failure.code === 'Z_BUF_ERROR'
    ? 'ends before its compressed data does: it is cut off'
    : `has damaged compressed data (${reasonOf(failure)})`;
}
