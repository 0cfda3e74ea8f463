import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, reasonOf } from '../src/base/errors.ts';
import { replaceFile } from '../src/model/atomic-file.ts';
import type { BlobStore } from '../src/model/blob-store.ts';
import type { TaskRunner } from '../src/train/task.ts';
import { forgetTask } from '../src/train/tasks/forget.ts';
import { blobsOf, labelRecord, type LabelRecord, type TrainingRecord } from '../src/train/training-record.ts';

/** Models whose records are kept. */
const kept = 4;

/** A photo that was forgotten. */
interface ForgottenPhoto {
  readonly id: string;
  /** Wall time in ms. */
  readonly at: number;
  /** Whether no record has it any more; runs that may go on must still be told. */
  readonly isErased: boolean;
}

/**
 * What the models that were trained on this node were learned from, for updates: a file a model, and the blobs that it names.
 * And which photos must not be in any of it: those that were forgotten, until they are nowhere any more.
 */
export class TrainingRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps the record of a model, and no longer that of one long before. */
  async keep(model: string, record: TrainingRecord): Promise<void> {
    await this.#write(model, record);
    for (const old of (await this.models()).slice(kept)) await rm(this.#file(old), { force: true });
  }

  /**
   * The record of a model.
   * @param prefix - its id, or enough of its beginning
   * @throws Fault `NOT_FOUND`
   */
  async find(prefix: string): Promise<TrainingRecord | LabelRecord> {
    const [model, ...others] = (await this.models()).filter((id) => id.startsWith(prefix));
    if (model === undefined || others.length > 0)
      throw new Fault('NOT_FOUND', { what: 'training record, on this node, of the model', id: prefix });
    return await this.#read(model);
  }

  /** The ids of all blobs that are needed, beside those of a run under way. */
  async blobs(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for (const model of await this.models())
      for (const { id } of blobsOf(await this.#read(model))) ids.add(id);
    return ids;
  }

  /** The models that have a record, the newest first. */
  async models(): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#folder, name))).mtimeMs })),
    );
    return dated.sort((a, b) => b.at - a.at).map(({ name }) => name.slice(0, 64));
  }

  /** Notes that a photo is to be gone; durable when resolved. */
  async forget(id: string): Promise<void> {
    const others = (await this.#forgotten()).filter((photo) => photo.id !== id);
    await this.#note([...others, { id, at: Date.now(), isErased: false }]);
  }

  /** Photos that were forgotten since a run was started: it must not bring them back. */
  async forgottenSince(startedAt: number): Promise<ReadonlySet<string>> {
    const photos = (await this.#forgotten()).filter(({ at }) => at >= startedAt);
    return new Set(photos.map(({ id }) => id));
  }

  /**
   * Takes forgotten photos out of all records, and removes every blob that neither a record nor a run needs; only while no run is
   * under way.
   * @param resumable - when the first run was started that may be gone on with, ms; unless a photo was forgotten, blobs are left to it
   * @throws Fault of a task; `FILE_READ`, `FILE_WRITE`, `DISK_FULL`
   */
  async sweep(store: BlobStore, tasks: TaskRunner, resumable: number | undefined): Promise<void> {
    const forgotten = await this.#forgotten();
    const photos = forgotten.filter(({ isErased }) => !isErased).map(({ id }) => id);
    if (photos.length > 0) await this.#erase(photos, tasks);
    if (photos.length > 0 || resumable === undefined) await this.#removeBlobs(store);
    const known = forgotten.filter(({ at }) => resumable !== undefined && at >= resumable);
    if (forgotten.length > 0) await this.#note(known.map((photo) => ({ ...photo, isErased: true })));
  }

  /** Of a record with such a photo, the labels of the others are left. */
  async #erase(photos: readonly string[], tasks: TaskRunner): Promise<void> {
    // The oldest first: which ones are kept goes by their age.
    for (const model of (await this.models()).reverse()) {
      const record = await this.#read(model);
      const [labels] = (await tasks.run(forgetTask(record.set.labels, photos))).outputs;
      if (labels !== undefined) await this.#write(model, labelRecord(record, labels));
    }
  }

  async #removeBlobs(store: BlobStore): Promise<void> {
    const needed = await this.blobs();
    for await (const { id } of store.list()) if (!needed.has(id)) await store.remove(id);
    await store.removePartial();
  }

  async #forgotten(): Promise<ForgottenPhoto[]> {
    try {
      return JSON.parse(await readFile(this.#forgottenFile, 'utf8')) as ForgottenPhoto[];
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw new Fault('FILE_READ', { file: this.#forgottenFile, reason: reasonOf(error) }, error);
    }
  }

  async #note(photos: readonly ForgottenPhoto[]): Promise<void> {
    if (photos.length === 0) await rm(this.#forgottenFile, { force: true });
    else await replaceFile(this.#forgottenFile, [Buffer.from(JSON.stringify(photos), 'utf8')]);
  }

  get #forgottenFile(): string {
    return join(this.#folder, 'forgotten.json');
  }

  async #write(model: string, record: TrainingRecord | LabelRecord): Promise<void> {
    await replaceFile(this.#file(model), [Buffer.from(JSON.stringify(record), 'utf8')]);
  }

  async #read(model: string): Promise<TrainingRecord | LabelRecord> {
    const file = this.#file(model);
    try {
      return JSON.parse(await readFile(file, 'utf8')) as TrainingRecord | LabelRecord;
    } catch (error) {
      throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
    }
  }

  #file(model: string): string {
    return join(this.#folder, `${model}.json`);
  }
}
