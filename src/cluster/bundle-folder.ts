import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { writeFault } from '../base/write-fault.ts';
import { openBundle, shortId, type BundleFile } from '../transport/bundle.ts';

/** Where bundles come from: `Bundles`. */
export interface BundleSource {
  /** @throws Fault `BUNDLE_DAMAGED`, `NATS_UNREACHABLE` */
  read(id: string): Promise<Uint8Array>;
}

/** Beside the files of a bundle, which are in a folder of their own. */
const archiveName = 'archive';
const filesName = 'files';
const isId = /^[0-9a-f]{64}$/;

/**
 * The bundles that a node has unpacked: `<id>/archive`, whose own checksum is the id, and `<id>/files`. A bundle is there whole
 * or not at all, and what is there is compared with its archive before each use.
 */
export class BundleFolder {
  readonly #folder: string;
  readonly #source: BundleSource;
  readonly #log: Log;
  /** Under way, by id: two at once are one. */
  readonly #preparing = new Map<string, Promise<string>>();

  constructor(folder: string, source: BundleSource, log: Log) {
    this.#folder = folder;
    this.#source = source;
    this.#log = log;
  }

  /**
   * The folder with the files of a bundle, which is fetched if it is not here; each file is as it was deployed.
   * @throws Fault `BUNDLE_DAMAGED`: the damaged one is gone then, and the next call fetches it anew; `NATS_UNREACHABLE`,
   * `DISK_FULL`, `FILE_WRITE`
   */
  ready(id: string): Promise<string> {
    const before = this.#preparing.get(id);
    if (before !== undefined) return before;
    const preparing = this.#prepare(id).finally(() => this.#preparing.delete(id));
    this.#preparing.set(id, preparing);
    return preparing;
  }

  /** Removes the bundles that are not among these; what is being written or tried beside them stays. */
  async retain(ids: ReadonlySet<string>): Promise<void> {
    await removeFrom(this.#folder, (name) => isId.test(name) && !ids.has(name) && !this.#preparing.has(name));
  }

  async #prepare(id: string): Promise<string> {
    const archive = await readFile(join(this.#folder, id, archiveName)).catch(() => undefined);
    if (archive === undefined) {
      const fetched = await this.#source.read(id);
      await this.#write(id, fetched, openBundle(fetched, id));
    } else await this.#check(id, archive);
    return this.#filesOf(id);
  }

  /** Compares each file with the archive; a damaged bundle is removed. */
  async #check(id: string, archive: Uint8Array): Promise<void> {
    try {
      for (const { path, bytes } of openBundle(archive, id)) {
        const found = await readFile(join(this.#filesOf(id), path)).catch(() => undefined);
        if (found?.equals(bytes) === true) continue;
        const reason = found === undefined ? 'is gone' : 'is not as it was deployed';
        throw new Fault('BUNDLE_DAMAGED', {
          id: shortId(id),
          reason: `its file ${path} on this node ${reason}`,
        });
      }
    } catch (thrown) {
      const fault = Fault.from(thrown);
      this.#log.warn({ fault: fault.toWire() }, 'a bundle is damaged, and will be fetched anew');
      await rm(join(this.#folder, id), { recursive: true, force: true });
      throw fault;
    }
  }

  async #write(id: string, archive: Uint8Array, files: readonly BundleFile[]): Promise<void> {
    const [place, temporary] = [join(this.#folder, id), join(this.#folder, `.${randomId()}`)];
    try {
      await writeBundleFiles(join(temporary, filesName), files);
      await writeOne(join(temporary, archiveName), archive, 0o644);
      await rm(place, { recursive: true, force: true });
      await rename(temporary, place);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw writeFault(place, error);
    }
  }

  #filesOf(id: string): string {
    return join(this.#folder, id, filesName);
  }
}

/**
 * Removes what a node that was killed was about to write, or was trying, in its folder of bundles.
 * @throws what the file system says
 */
export async function removeUnfinished(folder: string): Promise<void> {
  await removeFrom(folder, (name) => !isId.test(name));
}

async function removeFrom(folder: string, isOver: (name: string) => boolean): Promise<void> {
  const here = await readdir(folder).catch((): string[] => []);
  for (const name of here) if (isOver(name)) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * Writes the files of a bundle that was checked into a folder that has none of them.
 * @throws what the file system says
 */
export async function writeBundleFiles(folder: string, files: readonly BundleFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path, executable, bytes } of files)
    await writeOne(join(folder, path), bytes, executable ? 0o755 : 0o644);
}

async function writeOne(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  // `wx` follows no link, and replaces nothing.
  await writeFile(file, bytes, { flag: 'wx', mode, flush: true });
}
