import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { writeFault } from '../base/write-fault.ts';

/** How to write a file. */
export interface WholeFileOptions {
  /** What becomes of a file that is there already. Default `replace`. */
  readonly existing?: 'replace' | 'refuse';
}

/**
 * Writes what comes, piece after piece, to a file that is there whole or not at all: beside it first, then renamed.
 *
 * @throws Fault `DISK_FULL`, `FILE_WRITE`, and what `parts` throws; nothing is left then
 */
export async function writeWhole(
  file: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WholeFileOptions = {},
): Promise<void> {
  const temporary = `${file}.${randomId()}.tmp`;
  try {
    if (options.existing !== 'refuse') await mkdir(dirname(file), { recursive: true });
    await write(temporary, parts);
    await placeFile(temporary, file, options);
  } catch (error) {
    // Where it cannot be removed it could not be made.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw faultOf(file, error);
  }
}

/**
 * Gives a file that is whole and durable its name. Safe to repeat after a crash: if it has the name already, nothing is done.
 *
 * @throws Fault `FILE_WRITE`, `DISK_FULL`; the file keeps the name that it had then
 */
export async function placeFile(
  temporary: string,
  file: string,
  { existing = 'replace' }: WholeFileOptions = {},
): Promise<void> {
  try {
    if (existing === 'replace') await rename(temporary, file);
    else await linkNew(temporary, file);
    await flush(dirname(file));
    if (existing === 'refuse') await rm(temporary);
  } catch (error) {
    throw faultOf(file, error);
  }
}

async function write(file: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    for await (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename would replace; a link does not, where the file system has links. */
async function linkNew(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      if (!(await isSame(temporary, file))) throw error;
    } else await copyFile(temporary, file, constants.COPYFILE_EXCL);
  }
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = [await stat(one, { bigint: true }), await stat(other, { bigint: true })];
  return a.dev === b.dev && a.ino === b.ino;
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function faultOf(file: string, error: unknown): Fault {
  if (error instanceof Fault || codeOf(error) !== 'EEXIST') return writeFault(file, error);
  return new Fault('FILE_WRITE', { file, reason: 'it is there already; choose another name' }, error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
