import { setupFiles } from '../../src/base/package-root.ts';
import { ModelScorer } from '../../src/model/model-scorer.ts';
import type { PublishedModel } from '../../src/pool/published-model.ts';
import { Extractors } from '../../src/vision/extractors.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { loadParameters } from '../../src/vision/parameter-file.ts';
import type { QuantisedRows } from '../../src/vision/quantised-features.ts';
import { extractor, madeRows } from './made-models.ts';

/** As many as the product scores at once. */
const groupRows = 64;
const groups = 64;

/** A loop that scores features that lie in memory, and nothing else. */
export class BareScorer {
  /** Photos of a run. */
  readonly photos = groupRows * groups;
  readonly #scorer: ModelScorer;
  readonly #model: PublishedModel;
  readonly #rows: QuantisedRows = {
    values: new Uint8Array(groupRows * extractor.dims),
    scales: new Float32Array(2 * groupRows),
  };
  #tags = 0;
  #scored = 0;

  private constructor(scorer: ModelScorer, model: PublishedModel) {
    this.#scorer = scorer;
    this.#model = model;
    for (const [index, { offset, scale, values }] of madeRows(0, groupRows).entries()) {
      this.#rows.values.set(values, index * extractor.dims);
      this.#rows.scales.set([offset, scale], 2 * index);
    }
  }

  static async open(model: PublishedModel): Promise<BareScorer> {
    const kernel = Kernel.instantiate(await Kernel.compile());
    const parameters = await loadParameters(setupFiles.lite0);
    return new BareScorer(new ModelScorer(kernel, new Extractors(kernel, parameters)), model);
  }

  /** Tags of a photo, on average. */
  get tagsPerPhoto(): number {
    return this.#tags / this.#scored;
  }

  run(): void {
    const rows = new Map([[extractor.id, this.#rows]]);
    for (let group = 0; group < groups; group += 1)
      for (const { indices } of this.#scorer.tagRows(rows, groupRows, this.#model.handle)) {
        this.#tags += indices.length;
        this.#scored += 1;
      }
  }
}
