import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { writePrivately } from '../transport/server/private-file.ts';

const identity = z.object({
  /** Random, made once. */
  id: z.string().min(1).max(64),
  /** The cluster that the folder belongs to, once it has been in one. */
  cluster: z.string().min(1).max(64).optional(),
});

/** Who a data folder is, and which cluster it belongs to: `cluster.json` in it. */
export class FolderIdentity {
  readonly folder: string;
  #known: z.infer<typeof identity>;

  private constructor(folder: string, known: z.infer<typeof identity>) {
    this.folder = folder;
    this.#known = known;
  }

  /**
   * Reads the identity of a folder that this process has locked, or gives it one.
   * @throws Fault `DATA_FOLDER`
   */
  static async open(folder: string): Promise<FolderIdentity> {
    try {
      const text = await readFile(fileIn(folder), 'utf8').catch(ifMissing);
      if (text !== undefined) return new FolderIdentity(folder, identity.parse(JSON.parse(text)));
      const made = new FolderIdentity(folder, { id: randomId() });
      await made.#write();
      return made;
    } catch (error) {
      throw new Fault('DATA_FOLDER', { folder, reason: `${fileIn(folder)}: ${reasonOf(error)}` }, error);
    }
  }

  get id(): string {
    return this.#known.id;
  }

  /** `undefined` before the folder was in any. */
  get cluster(): string | undefined {
    return this.#known.cluster;
  }

  /**
   * Notes the cluster, for good.
   * @throws Fault `DATA_FOLDER`
   */
  async join(cluster: string): Promise<void> {
    if (this.cluster === cluster) return;
    this.#known = { ...this.#known, cluster };
    try {
      await this.#write();
    } catch (error) {
      throw new Fault('DATA_FOLDER', { folder: this.folder, reason: reasonOf(error) }, error);
    }
  }

  #write(): Promise<void> {
    return writePrivately(fileIn(this.folder), `${JSON.stringify(this.#known)}\n`);
  }
}

function fileIn(folder: string): string {
  return join(folder, 'cluster.json');
}

function ifMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
