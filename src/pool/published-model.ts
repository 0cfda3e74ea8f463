import { Fault } from '../base/errors.ts';
import type { Model } from '../model/model-file.ts';
import type { TagSelection } from '../vision/scores.ts';
import type { ModelHandle } from './thread-messages.ts';

/** A tag and its calibrated score, 0 to 1. */
export interface ScoredTag {
  readonly tag: string;
  readonly score: number;
}

/** Names the features that threads compute. */
export interface ExtractorName {
  /** Id and version. */
  readonly name: string;
  readonly parametersHash: string;
}

/** A model that has been activated: what threads need ({@link ModelHandle}), and the class names, which stay here. */
export class PublishedModel {
  readonly handle: ModelHandle;
  /** Identifies the features it was trained on. */
  readonly extractor: string;
  readonly #classes: readonly string[];

  /** @throws Fault `MODEL_EXTRACTOR` if a block was trained on features other than `parametersHash`. */
  constructor(model: Model, activation: number, extractor: ExtractorName) {
    for (const { extractor: trained } of model.header.blocks)
      if (trained.parametersHash !== extractor.parametersHash)
        throw new Fault('MODEL_EXTRACTOR', {
          expected: `${trained.id} (${trained.parametersHash.slice(0, 12)})`,
          found: `${extractor.name} (${extractor.parametersHash.slice(0, 12)})`,
        });
    this.handle = { activation, id: model.id, layout: model.layout, buffer: model.buffer };
    this.extractor = extractor.name;
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
