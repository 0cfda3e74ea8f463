import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/errors.ts';
import type { Model } from './model-file.ts';
import { readModel } from './model-file.ts';

/** Where models come from that a node lacks. */
export interface ModelSource {
  /**
   * Copies a model to a file, which is there whole or not at all.
   * @throws Fault `NOT_FOUND`
   */
  fetch(id: string, toFile: string): Promise<void>;
}

/** The model files that a node has: its starter model, and a folder of `<id>.model`, filled from a source on demand. */
export class ModelLibrary {
  readonly #folder: string;
  readonly #starterFile: string;
  readonly #source: ModelSource | undefined;
  #starterId: string | undefined;

  constructor(folder: string, starterFile: string, source?: ModelSource) {
    this.#folder = folder;
    this.#starterFile = starterFile;
    this.#source = source;
  }

  /** The file that the starter model is in. */
  get starterFile(): string {
    return this.#starterFile;
  }

  /** @throws Fault `NOT_FOUND`, `MODEL_FORMAT`, `MODEL_DAMAGED` */
  async starter(): Promise<Model> {
    const model = await readModel(this.#starterFile);
    this.#starterId = model.id;
    return model;
  }

  /**
   * Finds a model by its id. A file that is missing or damaged is fetched.
   * @throws Fault `NOT_FOUND`, `MODEL_FORMAT`, `MODEL_DAMAGED`, and what the source throws
   */
  async find(id: string): Promise<Model> {
    const file = this.#fileOf(id);
    if (this.#starterId === undefined || this.#starterId === id) {
      const starter = await this.starter();
      if (starter.id === id) return starter;
    }
    try {
      return await readAs(file, id);
    } catch (error) {
      if (this.#source === undefined || !(error instanceof Fault)) throw error;
      await this.#source.fetch(id, file);
      return await readAs(file, id);
    }
  }

  /**
   * The file of a model, fetched if it is not here; its content is not read.
   * @throws Fault `NOT_FOUND`, and what the source throws
   */
  async file(id: string): Promise<string> {
    const file = this.#fileOf(id);
    const isHere = await stat(file).then(
      () => true,
      () => false,
    );
    if (!isHere) await this.#source?.fetch(id, file);
    return file;
  }

  /** Takes in a file of the same file system, which was read and checked. */
  async adopt(file: string, id: string): Promise<void> {
    await rename(file, this.#fileOf(id));
  }

  /** Removes the file of a model, if it is here. */
  async remove(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true });
  }

  #fileOf(id: string): string {
    // An id becomes a file name: nothing but a hash may pass.
    if (!/^[0-9a-f]{64}$/.test(id)) throw new Fault('NOT_FOUND', { what: 'model', id: JSON.stringify(id) });
    return join(this.#folder, `${id}.model`);
  }
}

async function readAs(file: string, id: string): Promise<Model> {
  const model = await readModel(file);
  if (model.id !== id)
    throw new Fault('MODEL_DAMAGED', { file, reason: `its content is that of ${model.id}` });
  return model;
}
