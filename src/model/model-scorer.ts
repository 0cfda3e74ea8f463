import { Fault } from '../base/errors.ts';
import type { Extractor } from '../vision/extractor.ts';
import type { Extractors } from '../vision/extractors.ts';
import type { Kernel } from '../vision/kernel.ts';
import { asRows, type QuantisedFeatures, type QuantisedRows } from '../vision/quantised-features.ts';
import {
  asSelection,
  blockScores,
  findTags,
  leastMargins,
  selectTags,
  type Tag,
  type TagRule,
  type TagSelection,
} from '../vision/scores.ts';
import { toUnitLength } from '../vision/unit-length.ts';
import type { QuantisedBlock } from './quantised-model.ts';

/** A published model as every thread of a node sees it: the same bytes, no copies. */
export interface ModelHandle {
  /** Monotonic number of the activation: results name it, the higher one wins. */
  readonly activation: number;
  /** SHA-256 of the model file. */
  readonly id: string;
  readonly blocks: readonly QuantisedBlock[];
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

type BlockView = QuantisedBlock & TagRule;

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
   * @param features - by the extractor's id, of each of {@link extractorsOf}
   * @param top - how many of the best classes to return besides those above their thresholds
   * @throws Fault `MODEL_EXTRACTOR`
   */
  score(
    features: ReadonlyMap<string, QuantisedFeatures>,
    model: ModelHandle,
    top: number,
  ): { tags: TagSelection; best: TagSelection } {
    const view = this.#viewOf(model);
    const rows = new Map(Array.from(features, ([id, row]) => [id, asRows(row)]));
    const margins = this.#margins(rows, view);
    if (top < 1) return { tags: tagsOf(view, margins, 0), best: asSelection([]) };
    const scores = scoresOf(view, margins);
    return { tags: selectTags(scores, view.thresholds), best: selectTags(scores, view.thresholds, top) };
  }

  /**
   * The tags of several photos: the same bits as of each alone.
   * @param rows - by the extractor's id, a row of each photo
   * @throws Fault `MODEL_EXTRACTOR`
   */
  tagRows(rows: ReadonlyMap<string, QuantisedRows>, photos: number, model: ModelHandle): TagSelection[] {
    const view = this.#viewOf(model);
    const margins = this.#margins(rows, view);
    return Array.from({ length: photos }, (_, photo) => tagsOf(view, margins, photo));
  }

  /** Of each block `Float32Array [photos × classes]`. */
  #margins(rows: ReadonlyMap<string, QuantisedRows>, { blocks }: ModelView): Float32Array[] {
    return blocks.map((block) => {
      const own = rows.get(block.extractor);
      if (own === undefined)
        throw new Fault('INTERNAL', { reason: `features of ${block.extractor} are missing` });
      return this.#kernel.margins(block.unitRows ? toUnitLength(own) : own, block);
    });
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

  #view(model: ModelHandle): ModelView {
    const blocks = model.blocks.map((block) => ({
      ...block,
      leastMargins:
        block.score === 'platt' ? leastMargins(block.calibration, block.thresholds) : new Float64Array(),
    }));
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

/** @param margins - of each block, `Float32Array [photos × classes]` */
function tagsOf({ blocks }: ModelView, margins: readonly Float32Array[], photo: number): TagSelection {
  const tags: Tag[] = [];
  for (const [index, block] of blocks.entries()) {
    const { classes } = block;
    const own = margins[index]?.subarray(photo * classes, (photo + 1) * classes) ?? new Float32Array();
    findTags(own, block, tags);
  }
  return asSelection(tags);
}

/**
 * Scores of one photo, `Float32Array [classes of all blocks]`.
 * @param margins - of each block, `Float32Array [classes]`
 */
function scoresOf({ blocks, thresholds }: ModelView, margins: readonly Float32Array[]): Float32Array {
  const scores = new Float32Array(thresholds.length);
  for (const [index, block] of blocks.entries()) {
    const { classes, firstClass } = block;
    const into = scores.subarray(firstClass, firstClass + classes);
    blockScores(margins[index] ?? new Float32Array(), block, into);
  }
  return scores;
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
