import { Fault } from '../base/errors.ts';
import type { BlockView, ModelLayout } from './model-layout.ts';
import { viewBlocks } from './model-layout.ts';
import type { Extractor } from '../vision/extractor.ts';
import type { Extractors } from '../vision/extractors.ts';
import type { Kernel } from '../vision/kernel.ts';
import { blockScores, selectTags } from '../vision/scores.ts';
import { toUnitLength } from '../vision/unit-length.ts';
import type { TagSelection } from '../vision/scores.ts';

/** A published model as every thread of a node sees it: the same bytes, no copies. */
export interface ModelHandle {
  /** Monotonic number of the activation: results name it, the higher one wins. */
  readonly activation: number;
  /** SHA-256 of the model file. */
  readonly id: string;
  readonly layout: ModelLayout;
  /** W, b, calibration and thresholds, read-only once published. */
  readonly buffer: SharedArrayBuffer;
}

/** A photo in flight during a swap still names the model before it. */
const modelsKept = 2;

/** A published model as a thread sees it. */
interface ModelView {
  /** Each extractor of its blocks, once. */
  readonly extractors: readonly Extractor[];
  readonly blocks: readonly BlockView[];
  /** Float32Array [classes of all blocks]. */
  readonly thresholds: Float32Array;
}

/** Scores features against whichever published model a photo names; in a thread. */
export class ModelScorer {
  readonly #kernel: Kernel;
  readonly #extractors: Pick<Extractors, 'extractor'>;
  /** By activation and model, newest last. */
  readonly #views = new Map<string, ModelView>();

  constructor(kernel: Kernel, extractors: Pick<Extractors, 'extractor'>) {
    this.#kernel = kernel;
    this.#extractors = extractors;
  }

  /**
   * The extractors whose features a model scores, each once.
   * @throws Fault `MODEL_EXTRACTOR` if the model was trained on features of none that this thread has
   */
  extractorsOf(model: ModelHandle): readonly Extractor[] {
    return this.#viewOf(model).extractors;
  }

  /**
   * Scores one photo.
   * @param features - Float32Array [dims] by the extractor's id, of each of {@link extractorsOf}
   * @param top - how many of the best classes to return besides those above their thresholds
   * @throws Fault `MODEL_EXTRACTOR`
   */
  score(
    features: ReadonlyMap<string, Float32Array>,
    model: ModelHandle,
    top: number,
  ): { tags: TagSelection; best: TagSelection } {
    const { thresholds } = this.#viewOf(model);
    const scores = this.#scores(features, 1, model);
    return { tags: selectTags(scores, thresholds), best: selectTags(scores, thresholds, top) };
  }

  /**
   * The tags of several photos: the same bits as of each alone.
   * @param rows - `Float32Array [photos × dims]`, row-major, by the extractor's id
   * @throws Fault `MODEL_EXTRACTOR`
   */
  tagRows(rows: ReadonlyMap<string, Float32Array>, photos: number, model: ModelHandle): TagSelection[] {
    const { thresholds } = this.#viewOf(model);
    const scores = this.#scores(rows, photos, model);
    const classes = thresholds.length;
    return Array.from({ length: photos }, (_, photo) =>
      selectTags(scores.subarray(photo * classes, (photo + 1) * classes), thresholds),
    );
  }

  /** `Float32Array [photos × classes of all blocks]`. */
  #scores(rows: ReadonlyMap<string, Float32Array>, photos: number, model: ModelHandle): Float32Array {
    const { blocks, thresholds } = this.#viewOf(model);
    const scores = new Float32Array(photos * thresholds.length);
    for (const block of blocks) {
      const x = rows.get(block.extractor);
      if (x === undefined)
        throw new Fault('INTERNAL', { reason: `features of ${block.extractor} are missing` });
      const margins = this.#kernel.margins(block.unitRows ? eachToUnitLength(x, block.dims) : x, block);
      for (let photo = 0; photo < photos; photo++) {
        const own = margins.subarray(photo * block.classes, (photo + 1) * block.classes);
        const first = photo * thresholds.length + block.firstClass;
        blockScores(own, block, scores.subarray(first, first + block.classes));
      }
    }
    return scores;
  }

  #viewOf(model: ModelHandle): ModelView {
    const key = `${String(model.activation)} ${model.id}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view = this.#view(model);
    this.#views.set(key, view);
    for (const oldest of this.#views.keys()) {
      if (this.#views.size <= modelsKept) break;
      this.#views.delete(oldest);
    }
    return view;
  }

  #view({ layout, buffer }: ModelHandle): ModelView {
    const blocks = viewBlocks(layout, buffer);
    const extractors = [...new Set(blocks.map((block) => this.#extractorOf(block)))];
    return { extractors, blocks, thresholds: concatenate(blocks.map((block) => block.thresholds)) };
  }

  #extractorOf({ extractor: id, dims }: BlockView): Extractor {
    const extractor = this.#extractors.extractor(id);
    if (dims !== extractor.dims)
      throw new Fault('MODEL_EXTRACTOR', {
        expected: `${String(dims)} dims of ${id}`,
        found: `${String(extractor.dims)} dims`,
      });
    return extractor;
  }
}

function eachToUnitLength(rows: Float32Array, dims: number): Float32Array {
  const scaled = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += dims) scaled.set(toUnitLength(rows.subarray(at, at + dims)), at);
  return scaled;
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
