import { readModel } from './model-file.ts';
import { quantiseModel, type QuantisedModel } from './quantised-model.ts';

/** Reads immutable model files; the last model stays in memory, since most tasks work with that of the task before. */
export class LastModel {
  #last: { readonly file: string; readonly model: QuantisedModel } | undefined;

  /**
   * The model of a file.
   * @throws Fault as {@link readModel} does
   */
  async read(file: string): Promise<QuantisedModel> {
    if (this.#last?.file !== file) {
      this.#last = undefined;
      this.#last = { file, model: await quantiseModel(await readModel(file)) };
    }
    return this.#last.model;
  }
}
