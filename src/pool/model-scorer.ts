import { Fault } from '../base/errors.ts';
import type { BlockView } from '../model/model-layout.ts';
import { viewBlocks } from '../model/model-layout.ts';
import type { Extractor } from '../vision/extractor.ts';
import type { Kernel } from '../vision/kernel.ts';
import { blockScores, selectTags } from '../vision/scores.ts';
import type { TagSelection } from '../vision/scores.ts';
import type { ModelHandle } from './thread-messages.ts';

/** A photo in flight during a swap still names the model before it. */
const modelsKept = 2;

/** A published model as a thread sees it. */
interface ModelView {
  readonly blocks: readonly BlockView[];
  /** Float32Array [classes of all blocks]. */
  readonly thresholds: Float32Array;
}

/** Scores features against whichever published model a photo names; in a thread. */
export class ModelScorer {
  readonly #kernel: Kernel;
  readonly #extractor: Extractor;
  /** By activation and model, newest last. */
  readonly #views = new Map<string, ModelView>();

  constructor(kernel: Kernel, extractor: Extractor) {
    this.#kernel = kernel;
    this.#extractor = extractor;
  }

  /**
   * Scores one photo.
   * @param features - Float32Array [dims]
   * @param top - how many of the best classes to return besides those above their thresholds
   * @throws Fault `MODEL_EXTRACTOR` if the model was trained on other features
   */
  score(features: Float32Array, model: ModelHandle, top: number): { tags: TagSelection; best: TagSelection } {
    const { blocks, thresholds } = this.#viewOf(model);
    const scores = new Float32Array(thresholds.length);
    for (const block of blocks)
      scores.set(blockScores(this.#kernel.margins(features, block), block), block.firstClass);
    return { tags: selectTags(scores, thresholds), best: selectTags(scores, thresholds, top) };
  }

  #viewOf(model: ModelHandle): ModelView {
    const key = `${String(model.activation)} ${model.id}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const blocks = viewBlocks(model.layout, model.buffer);
    for (const block of blocks) this.#check(block);
    const view = { blocks, thresholds: concatenate(blocks.map((block) => block.thresholds)) };
    this.#views.set(key, view);
    for (const oldest of this.#views.keys()) {
      if (this.#views.size <= modelsKept) break;
      this.#views.delete(oldest);
    }
    return view;
  }

  #check(block: BlockView): void {
    if (block.dims !== this.#extractor.dims)
      throw new Fault('MODEL_EXTRACTOR', {
        expected: `${String(block.dims)} dims`,
        found: `${String(this.#extractor.dims)} of ${this.#extractor.id}`,
      });
  }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
