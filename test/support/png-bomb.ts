import { constants, crc32, deflateRawSync } from 'node:zlib';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
const zlibHeader = Buffer.from('7801', 'hex');
/** A last, empty deflate block. */
const deflateEnd = Buffer.from('0300', 'hex');
const rowsInBlock = 100;

/**
 * A black RGB PNG that is valid to its last byte and about 1,000 times smaller than its pixels. `height` is a multiple of 100.
 *
 * One deflated block of rows is repeated: after a full flush a block refers to nothing before it.
 */
export function pngBomb(width: number, height: number): Uint8Array {
  const row = 1 + width * 3;
  const block = deflateRawSync(Buffer.alloc(row * rowsInBlock), { finishFlush: constants.Z_FULL_FLUSH });
  const blocks = new Array<Buffer>(height / rowsInBlock).fill(block);
  const data = Buffer.concat([zlibHeader, ...blocks, deflateEnd, adler32OfZeros(row * height)]);
  return Buffer.concat([signature, chunk('IHDR', header(width, height)), chunk('IDAT', data), chunk('IEND')]);
}

function header(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(width, 0);
  bytes.writeUInt32BE(height, 4);
  bytes.set([8, 2], 8); // 8 bits, RGB
  return bytes;
}

function chunk(type: string, data: Uint8Array = new Uint8Array()): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function adler32OfZeros(count: number): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt16BE(count % 65521, 0);
  checksum.writeUInt16BE(1, 2);
  return checksum;
}
