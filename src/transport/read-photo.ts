import { open } from 'node:fs/promises';
import { checkSize } from './envelope.ts';
import type { Window } from './window.ts';

/**
 * The bytes of a photo's file, as many as it had when it was opened: a file that grows meanwhile is no trap.
 * Its size is checked before anything is read, and its bytes take a place in `room`, which the caller gives back.
 * @throws Fault `PHOTO_EMPTY`, `PHOTO_TOO_LARGE`, and errors of the file system; no place is taken then
 */
export async function readPhoto(path: string, room: Window): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    checkSize(size);
    await room.enter(size);
    try {
      const bytes = Buffer.allocUnsafeSlow(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await file.read(bytes, filled, size - filled);
        // Cut while it was read: what is left is no whole photo, and is refused as such by a node.
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } catch (error) {
      room.leave(size);
      throw error;
    }
  } finally {
    await file.close();
  }
}
