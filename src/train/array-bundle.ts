import { endianness } from 'node:os';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { Json } from './task.ts';

/*
 * A bundle as a blob, little-endian:
 *
 *   0  8  magic "ATARRAYS"
 *   8  8  length of the header
 *  16     header: JSON in UTF-8, filled up with spaces to a multiple of 8
 *         the arrays, each filled up to a multiple of 8
 */

const magic = Buffer.from('ATARRAYS', 'latin1');
const preambleBytes = 16;
const maxHeaderBytes = 256 * 1024 * 1024;

const constructors = { u8: Uint8Array, f32: Float32Array, f64: Float64Array } as const;

type NumberArray = Uint8Array | Float32Array | Float64Array;

const headerSchema = z.strictObject({
  kind: z.string(),
  meta: z.json(),
  arrays: z.array(z.strictObject({ type: z.enum(['u8', 'f32', 'f64']), length: z.int().min(0) })).max(64),
});

/** What tasks hand on to each other: numbers in bulk, and a little plain data. */
export interface ArrayBundle<Arrays extends readonly NumberArray[]> {
  /** What it is, so that nothing is read for something else: `sums`, `whitening` … */
  readonly kind: string;
  readonly meta: Json;
  readonly arrays: Arrays;
}

/**
 * Stores a bundle as a blob.
 * @throws Fault `DISK_FULL`, `FILE_WRITE`
 */
export async function putBundle(
  blobs: BlobStore,
  { kind, meta, arrays }: ArrayBundle<readonly NumberArray[]>,
): Promise<BlobRef> {
  if (endianness() !== 'LE') throw new Fault('INTERNAL', { reason: 'this machine is big-endian' });
  const described = arrays.map((array) => ({ type: typeOf(array), length: array.length }));
  const json = Buffer.from(JSON.stringify({ kind, meta, arrays: described }), 'utf8');
  const preamble = Buffer.alloc(preambleBytes);
  magic.copy(preamble);
  preamble.writeBigUInt64LE(BigInt(json.length + padding(json.length)), 8);
  const parts: Uint8Array[] = [preamble, json, Buffer.alloc(padding(json.length), ' ')];
  for (const array of arrays)
    parts.push(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      Buffer.alloc(padding(array.byteLength)),
    );
  return await blobs.put(parts);
}

/**
 * Reads a bundle of the kind expected; its arrays are views of what was read.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readBundle(
  blobs: BlobStore,
  { id }: BlobRef,
  kind: string,
): Promise<ArrayBundle<NumberArray[]>> {
  const content = aligned(await blobs.read(id));
  const bad = (reason: string) => new Fault('BLOB_DAMAGED', { file: blobs.path(id), reason });
  if (content.length < preambleBytes || !content.subarray(0, magic.length).equals(magic))
    throw bad('it is no bundle of arrays');
  const headerBytes = Number(content.readBigUInt64LE(8));
  if (headerBytes > Math.min(maxHeaderBytes, content.length - preambleBytes) || headerBytes % 8 !== 0)
    throw bad('it is cut off');
  const text = content.toString('utf8', preambleBytes, preambleBytes + headerBytes);
  const header = headerSchema.safeParse(parsed(text));
  if (!header.success || header.data.kind !== kind) throw bad(`it holds no ${kind}`);
  let offset = preambleBytes + headerBytes;
  const arrays = header.data.arrays.map(({ type, length }) => {
    const bytes = length * constructors[type].BYTES_PER_ELEMENT;
    if (offset + bytes > content.length) throw bad('it is cut off');
    const array = new constructors[type](content.buffer as ArrayBuffer, content.byteOffset + offset, length);
    offset += bytes + padding(bytes);
    return array;
  });
  return { kind, meta: header.data.meta, arrays };
}

/** The array at a place, of the type it must have. */
export function arrayOf<Type extends keyof typeof constructors>(
  { kind, arrays }: ArrayBundle<readonly NumberArray[]>,
  index: number,
  type: Type,
): InstanceType<(typeof constructors)[Type]> {
  const array = arrays[index];
  if (array instanceof constructors[type]) return array as InstanceType<(typeof constructors)[Type]>;
  throw new Fault('INTERNAL', { reason: `array ${String(index)} of a ${kind} is no ${type}` });
}

function typeOf(array: NumberArray): keyof typeof constructors {
  if (array instanceof Uint8Array) return 'u8';
  return array instanceof Float32Array ? 'f32' : 'f64';
}

function padding(bytes: number): number {
  return (8 - (bytes % 8)) % 8;
}

/** Small buffers come from a pool, at any place. */
function aligned(content: Buffer): Buffer {
  return content.byteOffset % 8 === 0 ? content : Buffer.from(new Uint8Array(content).buffer);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
