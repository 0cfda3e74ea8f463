import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** How much of a disk each store may take, in bytes. */
export interface DiskBudget {
  /** Limit of the server: the whole file system, so that no restart finds it below what its streams reserved. */
  readonly maxFileStore: number;
  /** For the queue of photos. */
  readonly photos: number;
  /** For the dead letters. */
  readonly deadLetters: number;
  /** For blobs on their way between nodes. */
  readonly blobs: number;
}

/** Space of a file system, in bytes. */
export interface DiskSpace {
  readonly total: number;
  /** What an ordinary user may still take. */
  readonly free: number;
}

const photosShare = 0.7;
const deadLettersShare = 0.15;
const blobsShare = 0.1;

/** Space of the file system that holds `folder`. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return { total: blocks * bsize, free: bavail * bsize };
}

/**
 * Shares out what is free beyond the reserve, together with what the store has already taken.
 * @param photoBytes - limit of the queue, 0 for its share of the disk
 */
export async function diskBudget(
  storeFolder: string,
  reserveBytes: number,
  photoBytes: number,
): Promise<DiskBudget> {
  const { total, free } = await diskSpace(storeFolder);
  const usable = Math.max(0, free + (await usedBy(storeFolder)) - reserveBytes);
  const share = (part: number) => Math.max(1, Math.floor(usable * part));
  return {
    maxFileStore: total,
    photos: photoBytes > 0 ? Math.min(photoBytes, share(photosShare)) : share(photosShare),
    deadLetters: share(deadLettersShare),
    blobs: share(blobsShare),
  };
}

async function usedBy(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  // Files of a running server come and go.
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
