import { crc32 } from 'node:zlib';
import { Fault } from '../../base/errors.ts';
import { maxNameBytes } from '../../base/ids.ts';
import type { QuantisedFeatures, QuantisedRows } from '../../vision/quantised-features.ts';
import type { ExtractorReference } from '../model-header.ts';

/*
 * A segment is two files that only grow. Numbers are little-endian.
 *
 * `N.rows`: a header, then rows of equal length; a row's number is its place in the file.
 *     u32 CRC-32 of what follows · f32 offset · f32 scale · u8 values [dims]
 *
 * `N.ids`: a header, then frames; a row that no frame names is not there.
 *     u32 magic · u16 kind · u16 count · u32 first row · u32 frames that follow of the same append · u32 bytes of ids
 *     · u32 CRC-32 of all of the frame but this · ids: u8 length − 1, UTF-8
 *
 * Header: "AUTOFEAT" · u32 format · u32 bytes of JSON · JSON of the extractor · 0 … · u32 CRC-32 of all before it.
 */

const format = 1;
/** Length of the header of both files. */
export const headerBytes = 512;

/** The header of both files of a segment, the same for all segments of an extractor. */
export function encodeHeader({ id, version, dims, parametersHash }: ExtractorReference): Buffer {
  const header = Buffer.alloc(headerBytes);
  const json = JSON.stringify({ id, version, dims, parametersHash });
  header.write('AUTOFEAT', 'latin1');
  header.writeUInt32LE(format, 8);
  header.writeUInt32LE(json.length, 12);
  header.write(json, 16, 'latin1');
  header.writeUInt32LE(crc32(header.subarray(0, -4)), headerBytes - 4);
  return header;
}

const rowHeadBytes = 12;

/** Length of a row. */
export function rowBytes(dims: number): number {
  return rowHeadBytes + dims;
}

/** Where a row lies in its file. */
export function rowOffset(row: number, dims: number): number {
  return headerBytes + row * rowBytes(dims);
}

/** Writes a row into a buffer. */
export function encodeRow({ offset, scale, values }: QuantisedFeatures, target: Buffer, at: number): void {
  target.writeFloatLE(offset, at + 4);
  target.writeFloatLE(scale, at + 8);
  target.set(values, at + rowHeadBytes);
  target.writeUInt32LE(crc32(target.subarray(at + 4, at + rowHeadBytes + values.length)), at);
}

/** A row by itself. */
export function packRow(features: QuantisedFeatures): Buffer {
  const row = Buffer.allocUnsafe(rowBytes(features.values.length));
  encodeRow(features, row, 0);
  return row;
}

/** What {@link packRow} was given; `undefined` if the row is not what it gave. */
export function unpackRow(row: Buffer, dims: number): QuantisedFeatures | undefined {
  if (row.length !== rowBytes(dims) || !isIntact(row)) return undefined;
  const values = new Uint8Array(row.subarray(rowHeadBytes));
  return { offset: row.readFloatLE(4), scale: row.readFloatLE(8), values };
}

/** Whether a row is what was written. */
export function isIntact(row: Buffer): boolean {
  return row.length > rowHeadBytes && row.readUInt32LE(0) === crc32(row.subarray(4));
}

/** What is reported of a row that is not. */
export function damagedRow(file: string, offset: number): Fault {
  return new Fault('FEATURES_DAMAGED', { file, offset, reason: 'a row does not match its checksum' });
}

/** Copies an intact row to its place among others; without one, zeros. */
export function decodeRow(
  row: Buffer | undefined,
  { values, scales }: QuantisedRows,
  at: number,
  dims: number,
): void {
  scales[2 * at] = row?.readFloatLE(4) ?? 0;
  scales[2 * at + 1] = row?.readFloatLE(8) ?? 0;
  if (row === undefined) values.fill(0, at * dims, (at + 1) * dims);
  else values.set(row.subarray(rowHeadBytes), at * dims);
}

/** What a frame says of its ids: they have the rows from `firstRow` on, or none any more. */
export type FrameKind = 'rows' | 'removals';

/** Some ids in the order of their rows. */
export interface Frame {
  readonly kind: FrameKind;
  readonly firstRow: number;
  /** How many frames of the same append come after it. */
  readonly following: number;
  /** UTF-8. */
  readonly ids: readonly Buffer[];
}

/** A frame as it lies in its file. */
export interface StoredFrame extends Frame {
  readonly offset: number;
  readonly bytes: number;
}

/** Ids in a frame at most. */
export const maxFrameIds = 256;
const kinds = ['rows', 'removals'] as const;
const frameHeadBytes = 24;
/** Length of the longest frame. */
export const maxFrameBytes = frameHeadBytes + maxFrameIds * (1 + maxNameBytes);
/** What each frame starts with. */
export const frameMagic = Buffer.from('FRM\u0001', 'latin1');

/** The bytes of a frame. */
export function encodeFrame({ kind, firstRow, following, ids }: Frame): Buffer {
  const idBytes = ids.reduce((sum, id) => sum + 1 + id.length, 0);
  const frame = Buffer.alloc(frameHeadBytes + idBytes);
  frame.set(frameMagic);
  frame.writeUInt16LE(kinds.indexOf(kind), 4);
  frame.writeUInt16LE(ids.length, 6);
  frame.writeUInt32LE(firstRow, 8);
  frame.writeUInt32LE(following, 12);
  frame.writeUInt32LE(idBytes, 16);
  let at = frameHeadBytes;
  for (const id of ids) {
    frame.writeUInt8(id.length - 1, at);
    frame.set(id, at + 1);
    at += 1 + id.length;
  }
  frame.writeUInt32LE(checksumOf(frame), 20);
  return frame;
}

/** The frame that starts at `at`, or `undefined` if a whole one does not. */
export function decodeFrame(buffer: Buffer, at: number): Omit<StoredFrame, 'offset'> | undefined {
  const head = buffer.subarray(at, at + frameHeadBytes);
  if (head.length < frameHeadBytes || !head.subarray(0, 4).equals(frameMagic)) return undefined;
  const frame = buffer.subarray(at, at + frameHeadBytes + head.readUInt32LE(16));
  if (frame.length !== frameHeadBytes + head.readUInt32LE(16)) return undefined;
  if (checksumOf(frame) !== head.readUInt32LE(20)) return undefined;
  return {
    kind: kinds[head.readUInt16LE(4)] ?? 'rows',
    firstRow: head.readUInt32LE(8),
    following: head.readUInt32LE(12),
    ids: idsOf(frame, head.readUInt16LE(6)),
    bytes: frame.length,
  };
}

function checksumOf(frame: Buffer): number {
  return crc32(frame.subarray(frameHeadBytes), crc32(frame.subarray(0, 20)));
}

function idsOf(frame: Buffer, count: number): Buffer[] {
  const ids: Buffer[] = [];
  for (let at = frameHeadBytes; ids.length < count;) {
    const end = at + 2 + frame.readUInt8(at);
    ids.push(frame.subarray(at + 1, end));
    at = end;
  }
  return ids;
}
