import { createReadStream, type ReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Fault, reasonOf } from '../../base/errors.ts';

/** Bytes that are unpacked at once: gzip makes a thousand times as many of them at most. */
const pieceBytes = 64 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** Says that the compressed file ends too early, or is damaged, after the pieces so far. */
export type OnCut = (reason: string) => void;

/**
 * The content of a file, unpacked if it begins like gzip, whatever its name; piece after piece.
 *
 * What comes before a damaged place is given as far as it can be.
 * @throws Fault `FILE_READ`
 */
export async function* readUnpacked(file: string, onCut: OnCut): AsyncGenerator<Buffer> {
  const stream = createReadStream(file, { highWaterMark: pieceBytes });
  const pieces = readPieces(file, stream);
  try {
    const first = await pieces.next();
    if (first.done === true) return;
    const all = chain(first.value, pieces);
    yield* first.value.subarray(0, 2).equals(gzipMagic) ? unpack(all, onCut) : all;
  } finally {
    stream.destroy();
  }
}

async function* readPieces(file: string, stream: ReadStream): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

async function* chain(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
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
