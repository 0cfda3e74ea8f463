import type { Model } from '../model/model-file.ts';
import type { TagSelection } from '../vision/scores.ts';
import { checkExtractor } from '../model/model-header.ts';
import type { ExtractorReference } from '../model/model-header.ts';
import type { ModelHandle } from './thread-messages.ts';

/** A tag and its calibrated score, 0 to 1. */
export interface ScoredTag {
  readonly tag: string;
  readonly score: number;
}

/** A model that has been activated: what threads need ({@link ModelHandle}), and the class names, which stay here. */
export class PublishedModel {
  readonly handle: ModelHandle;
  /** Identifies the features it was trained on. */
  readonly extractor: string;
  readonly #classes: readonly string[];

  /** @throws Fault `MODEL_EXTRACTOR` if a block was trained on the features of another extractor */
  constructor(model: Model, activation: number, extractor: ExtractorReference) {
    checkExtractor(model.header, extractor);
    this.handle = { activation, id: model.id, layout: model.layout, buffer: model.buffer };
    this.extractor = `${extractor.id}-${String(extractor.version)}`;
    this.#classes = model.header.blocks.flatMap((block) => block.classes);
  }

  /** Names for what a thread found. */
  name({ indices, scores }: TagSelection): ScoredTag[] {
    return Array.from(indices, (index, place) => ({
      tag: this.#classes[index] ?? '',
      score: rounded(scores[place] ?? 0),
    }));
  }
}

/** Four decimals: finer than any calibration, and what a float32 of 0.93 looks like to people. */
function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
