import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStore } from '../src/model/blob-store.ts';

/** A blob store and its folder, which threads are given. */
export interface RunBlobStore {
  readonly folder: string;
  readonly store: BlobStore;
}

/** Where a node keeps blobs: those of the runs that it coordinates in one store, those of another node's run in a folder that goes with it. */
export class RunBlobs {
  readonly own: RunBlobStore;
  readonly #node: string;
  readonly #guests: string;

  /** @param data - the data folder of the node */
  constructor(data: string, node: string) {
    this.own = at(join(data, 'blobs'));
    this.#node = node;
    this.#guests = join(data, 'guest-blobs');
  }

  /** Where the blobs of a run are that `coordinator` coordinates. */
  of(run: string, coordinator: string): RunBlobStore {
    return coordinator === this.#node ? this.own : at(join(this.#guests, run));
  }

  /** The store that has a blob which somebody asks for; the own one if none has. */
  async having(run: string, id: string): Promise<BlobStore> {
    const guest = at(join(this.#guests, run)).store;
    return (await this.own.store.has(id)) || !(await guest.has(id)) ? this.own.store : guest;
  }

  /** Removes what is left of other nodes' runs, unless they are under way. */
  async sweep(isActive: (run: string) => Promise<boolean>): Promise<void> {
    for (const run of await readdir(this.#guests).catch(() => []))
      if (!(await isActive(run))) await rm(join(this.#guests, run), { recursive: true, force: true });
  }
}

function at(folder: string): RunBlobStore {
  return { folder, store: new BlobStore(folder) };
}
