import { Fault } from '../base/errors.ts';
import { viewBlocks } from '../model/model-file.ts';
import type { BlockView } from '../model/model-file.ts';
import type { Extractor } from '../vision/extractor.ts';
import type { Kernel } from '../vision/kernel.ts';
import { blockScores, selectTags } from '../vision/scores.ts';
import type { ModelHandle, TagIndices } from './thread-messages.ts';

/** A photo in flight during a swap still names the model before it. */
const modelsKept = 2;

/** Scores features against whichever published model a photo names; in a thread. */
export class ModelScorer {
  readonly #kernel: Kernel;
  readonly #extractor: Extractor;
  /** Views on shared buffers by activation, newest last. */
  readonly #views = new Map<number, readonly BlockView[]>();

  constructor(kernel: Kernel, extractor: Extractor) {
    this.#kernel = kernel;
    this.#extractor = extractor;
  }

  /**
   * Scores one photo.
   * @param features - Float32Array [dims]
   * @throws Fault `MODEL_EXTRACTOR` if the model was trained on other features
   */
  score(features: Float32Array, model: ModelHandle, top: number): { tags: TagIndices; best: TagIndices } {
    const blocks = this.#blocksOf(model);
    const scores = blocks.map((block) => blockScores(this.#kernel.margins(features, block), block));
    return selectTags(scores, blocks, top);
  }

  #blocksOf(model: ModelHandle): readonly BlockView[] {
    const known = this.#views.get(model.activation);
    if (known !== undefined) return known;
    const blocks = viewBlocks(model.layout, model.buffer);
    for (const block of blocks) this.#check(block);
    this.#views.set(model.activation, blocks);
    for (const activation of this.#views.keys()) {
      if (this.#views.size <= modelsKept) break;
      this.#views.delete(activation);
    }
    return blocks;
  }

  #check(block: BlockView): void {
    if (block.dims !== this.#extractor.dims)
      throw new Fault('MODEL_EXTRACTOR', {
        expected: `${String(block.dims)} dims`,
        found: `${String(this.#extractor.dims)} of ${this.#extractor.id}`,
      });
  }
}
