import { type FileHandle, open } from 'node:fs/promises';
import { Fault, reasonOf } from '../../base/errors.ts';

/*
 * What feature blocks and label blocks begin with, little-endian:
 *
 *   0   8  magic
 *   8   4  format version
 *  12  20  five numbers of the kind of block: u32
 */

/** Length of what a block begins with. */
export const blockHeadBytes = 32;
/** Rows of a block at most. */
export const maxBlockRows = 65_536;

const formatVersion = 1;
const magicBytes = 8;
const numbers = 5;

/** A kind of block. */
export interface BlockKind {
  /** Eight characters of ASCII. */
  readonly magic: string;
  /** What it is called in faults. */
  readonly name: string;
}

/** The first bytes of a block. */
export function encodeBlockHead({ magic }: BlockKind, values: readonly number[]): Buffer {
  const head = Buffer.alloc(blockHeadBytes);
  head.write(magic, 'latin1');
  head.writeUInt32LE(formatVersion, magicBytes);
  for (const [index, value] of values.entries()) head.writeUInt32LE(value, magicBytes + 4 + 4 * index);
  return head;
}

function decodeBlockHead(file: string, kind: BlockKind, head: Buffer): number[] {
  if (head.length < blockHeadBytes || head.toString('latin1', 0, magicBytes) !== kind.magic)
    throw damagedBlock(file, `it does not begin like ${kind.name}`);
  const version = head.readUInt32LE(magicBytes);
  if (version !== formatVersion)
    throw damagedBlock(file, `it has format version ${String(version)} and not ${String(formatVersion)}`);
  return Array.from({ length: numbers }, (_, index) => head.readUInt32LE(magicBytes + 4 + 4 * index));
}

/** A block whose head was read. */
export interface OpenBlock {
  readonly file: string;
  readonly handle: FileHandle;
  readonly bytes: number;
  /** The five numbers of the head. */
  readonly head: readonly number[];
}

/**
 * Opens a block and reads its head; who has it closes the handle.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function openBlock(file: string, kind: BlockKind): Promise<OpenBlock> {
  const handle = await open(file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Fault('NOT_FOUND', { what: kind.name, id: file }, error);
    throw damagedBlock(file, reasonOf(error));
  });
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(Math.min(blockHeadBytes, size));
    await readInto(file, handle, head, 0);
    return { file, handle, bytes: size, head: decodeBlockHead(file, kind, head) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Fills `target` from a position of the file.
 * @throws Fault `BLOB_DAMAGED`
 */
export async function readInto(
  file: string,
  handle: FileHandle,
  target: Uint8Array,
  position: number,
): Promise<void> {
  for (let offset = 0; offset < target.length;) {
    const { bytesRead } = await handle.read(target, offset, target.length - offset, position + offset);
    if (bytesRead === 0) throw damagedBlock(file, 'it is cut off');
    offset += bytesRead;
  }
}

/** A block whose length is not what its head stands for, or whose content is impossible. */
export function damagedBlock(file: string, reason: string): Fault {
  return new Fault('BLOB_DAMAGED', { file, reason });
}

/** @throws Fault `BLOB_DAMAGED` */
export function checkLength({ file, bytes }: OpenBlock, expected: number): void {
  if (bytes !== expected)
    throw damagedBlock(file, `it has ${String(bytes)} bytes instead of ${String(expected)}`);
}

/** The bytes of numbers, as they stand in a file. */
export function bytesOf(numbers: ArrayBufferView): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
