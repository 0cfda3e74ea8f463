import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../base/errors.ts';
import { nameProblem } from '../../base/ids.ts';
import type { InputProblemCode, OnInputProblem } from './input-problem.ts';
import type { InputPhoto, PhotoReading } from './pixel-data.ts';

/** A photo in a folder of classes. */
export interface FolderPhoto {
  /** Its path below the folder of classes, with `/` on every system. */
  readonly id: string;
  /** The name of its class's folder. */
  readonly className: string;
  readonly file: string;
}

/**
 * The photos of a folder that has a folder for each class, sorted by name; folders within a class's are part of it.
 * Hidden files are no photos. Every other file is taken for one: who decodes it says whether it is.
 *
 * Problems: `class`, `photo-id`, `unreadable`, `loop`, `empty`, `no-class`.
 */
export async function* listPhotoFolders(
  folder: string,
  onProblem: OnInputProblem,
): AsyncGenerator<FolderPhoto> {
  yield* new FolderWalk(folder, onProblem).classes();
}

/**
 * Reads the photos of a folder that has a folder for each class.
 *
 * Problems: those of {@link listPhotoFolders}, and `too-long`.
 */
export async function* readPhotoFolders(folder: string, reading: PhotoReading): AsyncGenerator<InputPhoto> {
  const { onProblem, isStored } = reading;
  for await (const { id, file } of listPhotoFolders(folder, onProblem)) {
    if ((await isStored?.(id)) === true) continue;
    const bytes = await readPhotoFile(file, reading);
    if (bytes !== undefined) yield { id, bytes };
  }
}

/** The content of a photo's file; nothing where there is a problem: `too-long`, `unreadable`. */
export async function readPhotoFile(
  file: string,
  { maxPhotoBytes, onProblem }: Pick<PhotoReading, 'maxPhotoBytes' | 'onProblem'>,
): Promise<Buffer | undefined> {
  try {
    // Should a pipe have taken its place, opening it must not wait for a writer.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = await handle.stat();
      if (size <= maxPhotoBytes) return await handle.readFile();
      onProblem({ code: 'too-long', file, reason: `has more than ${String(maxPhotoBytes)} bytes` });
    } finally {
      await handle.close();
    }
  } catch (error) {
    onProblem({ code: 'unreadable', file, reason: `cannot be read (${reasonOf(error)})` });
  }
  return undefined;
}

/** A photo below a folder. */
export interface FoundPhoto extends Pick<FolderPhoto, 'id' | 'file'> {
  /** About how much of the folder comes before what follows it, 0 to 1. */
  readonly share: number;
}

/**
 * All photos below a folder, in the order of their names; as {@link listPhotoFolders} finds those of a class. An id is the path below the folder.
 *
 * Problems: `photo-id`, `unreadable`, `loop`.
 * @param after - id of a photo: those that come after it
 */
export async function* listPhotos(
  folder: string,
  onProblem: OnInputProblem,
  after?: string,
): AsyncGenerator<FoundPhoto> {
  yield* new FolderWalk(folder, onProblem).all(after);
}

/** A stretch of what is below the top folder, in shares of it. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

class FolderWalk {
  readonly #folder: string;
  readonly #onProblem: OnInputProblem;
  /** Device and inode of the folders from the top to here. */
  readonly #open: string[] = [];

  constructor(folder: string, onProblem: OnInputProblem) {
    this.#folder = folder;
    this.#onProblem = onProblem;
  }

  async *classes(): AsyncGenerator<FolderPhoto> {
    const top = await this.#stats(this.#folder);
    if (top === undefined) return;
    this.#open.push(keyOf(top));
    for (const { name } of await this.#entries(this.#folder)) {
      const file = join(this.#folder, name);
      const stats = await this.#stats(file);
      if (stats === undefined) continue;
      const problem = nameProblem(name);
      if (!stats.isDirectory()) this.#report('no-class', file, 'is in no folder of a class');
      else if (problem !== undefined) this.#report('class', file, `has a name that ${problem}`);
      else yield* this.#class(name, file, stats);
    }
  }

  async *all(after?: string): AsyncGenerator<FoundPhoto> {
    const top = await this.#stats(this.#folder);
    if (top === undefined) return;
    for await (const photo of this.#photos('', this.#folder, top, { from: 0, to: 1 }, after?.split('/')))
      if (this.#hasGoodPath(photo)) yield photo;
  }

  async *#class(className: string, folder: string, stats: BigIntStats): AsyncGenerator<FolderPhoto> {
    let isEmpty = true;
    for await (const { id, file } of this.#photos(className, folder, stats)) {
      isEmpty = false;
      if (this.#hasGoodPath({ id, file })) yield { id, className, file };
    }
    if (isEmpty) this.#report('empty', folder, 'has no photos');
  }

  #hasGoodPath({ id, file }: Pick<FolderPhoto, 'id' | 'file'>): boolean {
    const problem = nameProblem(id);
    if (problem !== undefined) this.#report('photo-id', file, `has a path that ${problem}`);
    return problem === undefined;
  }

  /** @param after - names down to a file, from this folder on: what comes after it */
  async *#photos(
    path: string,
    folder: string,
    stats: BigIntStats,
    { from, to }: Stretch = { from: 0, to: 1 },
    after?: readonly string[],
  ): AsyncGenerator<FoundPhoto> {
    const key = keyOf(stats);
    if (this.#open.includes(key)) {
      this.#report('loop', folder, 'is a link to a folder that it is in');
      return;
    }
    this.#open.push(key);
    const entries = await this.#entries(folder);
    const [first = '', ...below] = after ?? [];
    for (const [index, { name }] of entries.entries()) {
      const isWithin = after !== undefined && name === first;
      if ((after !== undefined && name < first) || (isWithin && below.length === 0)) continue;
      const [id, file] = [path === '' ? name : `${path}/${name}`, join(folder, name)];
      const end = (place: number) => from + ((to - from) * place) / entries.length;
      const [here, share] = [end(index), end(index + 1)];
      const found = await this.#stats(file);
      if (found?.isDirectory() === true)
        yield* this.#photos(id, file, found, { from: here, to: share }, isWithin ? below : undefined);
      else if (found?.isFile() === true) yield { id, file, share };
      else if (found !== undefined) this.#report('unreadable', file, 'is neither a file nor a folder');
    }
    this.#open.pop();
  }

  async #entries(folder: string): Promise<Dirent[]> {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries
        .filter(({ name }) => !name.startsWith('.'))
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    } catch (error) {
      this.#report('unreadable', folder, `cannot be read (${reasonOf(error)})`);
      return [];
    }
  }

  async #stats(file: string): Promise<BigIntStats | undefined> {
    try {
      return await stat(file, { bigint: true });
    } catch (error) {
      this.#report('unreadable', file, `cannot be read (${reasonOf(error)})`);
      return undefined;
    }
  }

  #report(code: InputProblemCode, file: string, reason: string): void {
    this.#onProblem({ code, file, reason });
  }
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${String(dev)}:${String(ino)}`;
}
