import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, reasonOf } from '../src/base/errors.ts';
import { replaceFile } from '../src/model/atomic-file.ts';
import type { BlobStore } from '../src/model/blob-store.ts';
import { blobsOf, type TrainingRecord } from '../src/train/training-record.ts';

/** Models whose records are kept. */
const kept = 4;

/** What the models that were trained on this node were learned from, for updates: a file a model, and the blobs that it names. */
export class TrainingRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps the record of a model, and no longer that of one long before. */
  async keep(model: string, record: TrainingRecord): Promise<void> {
    await replaceFile(this.#file(model), [Buffer.from(JSON.stringify(record), 'utf8')]);
    for (const old of (await this.#models()).slice(kept)) await rm(this.#file(old), { force: true });
  }

  /**
   * The record of a model.
   * @param prefix - its id, or enough of its beginning
   * @throws Fault `NOT_FOUND`
   */
  async find(prefix: string): Promise<TrainingRecord> {
    const [model, ...others] = (await this.#models()).filter((id) => id.startsWith(prefix));
    if (model === undefined || others.length > 0)
      throw new Fault('NOT_FOUND', { what: 'training record, on this node, of the model', id: prefix });
    return await this.#read(model);
  }

  /** The ids of all blobs that are needed, beside those of a run under way. */
  async blobs(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for (const model of await this.#models())
      for (const { id } of blobsOf(await this.#read(model))) ids.add(id);
    return ids;
  }

  /** Removes every blob that no record needs; only while no run is under way. */
  async sweep(store: BlobStore): Promise<void> {
    const needed = await this.blobs();
    for await (const { id } of store.list()) if (!needed.has(id)) await store.remove(id);
  }

  async #read(model: string): Promise<TrainingRecord> {
    const file = this.#file(model);
    try {
      return JSON.parse(await readFile(file, 'utf8')) as TrainingRecord;
    } catch (error) {
      throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
    }
  }

  /** The newest first. */
  async #models(): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#folder, name))).mtimeMs })),
    );
    return dated.sort((a, b) => b.at - a.at).map(({ name }) => name.slice(0, 64));
  }

  #file(model: string): string {
    return join(this.#folder, `${model}.json`);
  }
}
