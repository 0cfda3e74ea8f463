import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomId } from '../base/ids.ts';

/**
 * Puts a file in place at once: written beside it, flushed, renamed over it, and the rename flushed as well.
 * Readers see the old file or the new one; a failure or a power cut leaves the old one.
 *
 * @param parts - the content, piece after piece
 */
export async function replaceFile(file: string, parts: Iterable<Uint8Array>): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const temporary = `${file}.${randomId()}.tmp`;
  try {
    await withFile(temporary, 'wx', async (handle) => {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await withFile(folder, 'r', (handle) => handle.sync());
}

async function withFile(
  file: string,
  flags: string,
  use: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
