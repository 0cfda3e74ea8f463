import type { TagSelection } from '../vision/scores.ts';
import { checkExtractors } from '../model/model-header.ts';
import type { ExtractorReference, ModelHeader } from '../model/model-header.ts';
import type { ModelHandle } from '../model/model-scorer.ts';
import type { QuantisedModel } from '../model/quantised-model.ts';

/** A tag and its calibrated score, 0 to 1. */
export interface ScoredTag {
  readonly tag: string;
  readonly score: number;
}

/** A model that has been activated: what threads need ({@link ModelHandle}), and the class names, which stay here. */
export class PublishedModel {
  readonly handle: ModelHandle;
  /** Identifies the features it was trained on: `lite0-1`, or `lite0-1+hog-2` if its blocks differ. */
  readonly extractor: string;
  /** Names of the classes of all blocks, as {@link TagSelection.indices} counts them. */
  readonly classes: readonly string[];

  /**
   * @param extractors - those that threads have
   * @throws Fault `MODEL_EXTRACTOR` if a block was trained on the features of another one
   */
  constructor(model: QuantisedModel, activation: number, extractors: readonly ExtractorReference[]) {
    checkExtractors(model.header, extractors);
    this.handle = { activation, id: model.id, blocks: model.blocks };
    this.extractor = extractorNames(model.header).join('+');
    this.classes = model.header.blocks.flatMap((block) => block.classes);
  }

  /** Names for what a thread found. */
  name({ indices, scores }: TagSelection): ScoredTag[] {
    return Array.from(indices, (index, place) => ({
      tag: this.classes[index] ?? '',
      score: rounded(scores[place] ?? 0),
    }));
  }
}

/** Each extractor of a model once, in the order of its blocks. */
function extractorNames({ blocks }: ModelHeader): string[] {
  return [...new Set(blocks.map(({ extractor: { id, version } }) => `${id}-${String(version)}`))];
}

/** Four decimals: finer than any calibration, and what a float32 of 0.93 looks like to people. */
function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
