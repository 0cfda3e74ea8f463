import type { BigIntStats, Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Fault, reasonOf } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';

/** Endings of the files that are taken from a folder; a file that is named itself may have any. */
const photoEndings: ReadonlySet<string> = new Set(
  'jpg jpeg jpe jfif png webp gif tif tiff avif heic heif'.split(' ').map((ending) => `.${ending}`),
);

/** A file to submit, or with `fault` a path that cannot be taken; the others go on. */
export interface FoundFile {
  readonly path: string;
  readonly fault?: Fault;
}

/**
 * The photos that paths name: files as they are, of folders all photos below. Lazy: memory is bounded by the depth of the
 * folders and the number of links to folders, never by the number of files. Each link to a folder is followed once, and
 * never into a folder that is being walked, so that it ends.
 */
export async function* photoFiles(
  paths: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<FoundFile> {
  for await (const path of paths) {
    const found = await look(path);
    if ('fault' in found) yield found;
    else if (found.stats.isDirectory()) yield* new FolderWalk().photos(path, keyOf(found.stats));
    else if (found.stats.isFile()) yield { path };
    else yield unreadable(path, 'it is neither a file nor a folder');
  }
}

/** One folder given by somebody, with all that is below. */
class FolderWalk {
  /** Device and inode of the folders from the top to here. */
  readonly #open = new Set<string>();
  /** Those of the folders that links have led to. */
  readonly #linked = new Set<string>();

  async *photos(folder: string, key: string): AsyncGenerator<FoundFile> {
    this.#open.add(key);
    try {
      for await (const entry of await opendir(folder)) yield* this.#entry(join(folder, entry.name), entry);
    } catch (error) {
      yield unreadable(folder, reasonFor(error));
    } finally {
      this.#open.delete(key);
    }
  }

  async *#entry(path: string, entry: Dirent): AsyncGenerator<FoundFile> {
    const isPhoto = photoEndings.has(extname(entry.name).toLowerCase());
    if (entry.isFile()) {
      if (isPhoto) yield { path };
    } else if (entry.isDirectory()) {
      const found = await look(path);
      if ('fault' in found) yield found;
      else yield* this.photos(path, keyOf(found.stats));
    } else if (!isSpecial(entry)) {
      yield* this.#behindLink(path, isPhoto);
    }
  }

  /** A link, or an entry of a file system that does not say what its entries are. */
  async *#behindLink(path: string, isPhoto: boolean): AsyncGenerator<FoundFile> {
    const found = await look(path);
    if ('fault' in found) {
      // A broken link matters only if it claims to be a photo.
      if (isPhoto) yield found;
      return;
    }
    if (found.stats.isFile() && isPhoto) yield { path };
    if (!found.stats.isDirectory()) return;
    const key = keyOf(found.stats);
    if (this.#open.has(key) || this.#linked.has(key)) return;
    this.#linked.add(key);
    yield* this.photos(path, key);
  }
}

/** A path that cannot be taken, and why. */
export function unreadable(path: string, reason: string): Required<FoundFile> {
  return { path, fault: new Fault('FILE_READ', { file: printable(path), reason }) };
}

/** The system's error in a few words. */
export function reasonFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ELOOP':
      return 'its links lead in a circle';
    case 'EMFILE':
      return 'too many files are open';
    default:
      return reasonOf(error);
  }
}

async function look(path: string): Promise<{ readonly stats: BigIntStats } | Required<FoundFile>> {
  try {
    return { stats: await stat(path, { bigint: true }) };
  } catch (error) {
    // Names that are no UTF-8 arrive with replacement characters, and lead nowhere.
    return unreadable(path, path.includes('\uFFFD') ? 'its name is not UTF-8; rename it' : reasonFor(error));
  }
}

function isSpecial(entry: Dirent): boolean {
  return entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice();
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${String(dev)}:${String(ino)}`;
}
