import { setupFiles } from '../../src/base/package-root.ts';
import { ModelScorer } from '../../src/model/model-scorer.ts';
import type { PublishedModel } from '../../src/pool/published-model.ts';
import { Extractors } from '../../src/vision/extractors.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { loadParameters } from '../../src/vision/parameter-file.ts';
import { asKept } from '../../src/vision/quantised-features.ts';
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
  readonly #rows = new Float32Array(groupRows * extractor.dims);
  #tags = 0;
  #scored = 0;

  private constructor(scorer: ModelScorer, model: PublishedModel) {
    this.#scorer = scorer;
    this.#model = model;
    for (const [index, row] of madeRows(0, groupRows).entries())
      this.#rows.set(asKept(row), index * extractor.dims);
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
