import { join } from 'node:path';
import { Fault } from '../base/errors.ts';
import type { Model } from './model-file.ts';
import { readModel } from './model-file.ts';

/** The model files that a node has: its starter model, and a folder of `<id>.model`. */
export class ModelLibrary {
  readonly #folder: string;
  readonly #starterFile: string;
  #starterId: string | undefined;

  constructor(folder: string, starterFile: string) {
    this.#folder = folder;
    this.#starterFile = starterFile;
  }

  /** @throws Fault `NOT_FOUND`, `MODEL_FORMAT`, `MODEL_DAMAGED` */
  async starter(): Promise<Model> {
    const model = await readModel(this.#starterFile);
    this.#starterId = model.id;
    return model;
  }

  /**
   * Finds a model by its id.
   * @throws Fault `NOT_FOUND`, `MODEL_FORMAT`, `MODEL_DAMAGED`
   */
  async find(id: string): Promise<Model> {
    // An id becomes a file name: nothing but a hash may pass.
    if (!/^[0-9a-f]{64}$/.test(id)) throw new Fault('NOT_FOUND', { what: 'model', id: JSON.stringify(id) });
    if (this.#starterId === undefined || this.#starterId === id) {
      const starter = await this.starter();
      if (starter.id === id) return starter;
    }
    const model = await readModel(join(this.#folder, `${id}.model`));
    if (model.id !== id)
      throw new Fault('MODEL_DAMAGED', { file: `${id}.model`, reason: `its content is that of ${model.id}` });
    return model;
  }
}
