import { type QuantisedWeights, quantiseWeights, sharedFloats } from '../vision/quantised-weights.ts';
import type { ScoreRule } from '../vision/scores.ts';
import type { Model } from './model-file.ts';
import type { ModelHeader } from './model-header.ts';
import { viewBlocks } from './model-layout.ts';

/** A block as threads score it; its arrays are shared memory, so that they cross threads without a copy. Read-only. */
export interface QuantisedBlock extends QuantisedWeights, ScoreRule {
  /** Id of the extractor whose features it scores. */
  readonly extractor: string;
  /** Whether it scores features scaled to unit length. */
  readonly unitRows: boolean;
  /** Index of the block's first class among all classes of the model. */
  readonly firstClass: number;
  /** `Float32Array [classes]`: the score from which on a photo gets the tag. */
  readonly thresholds: Float32Array;
}

/** A model as nodes use it: its weights in 16 bits, which is half of its file. */
export interface QuantisedModel {
  /** SHA-256 of the model file. */
  readonly id: string;
  readonly header: ModelHeader;
  readonly blocks: readonly QuantisedBlock[];
}

/** Rounds a model's weights to 16 bits. */
export async function quantiseModel({ id, header, layout, buffer }: Model): Promise<QuantisedModel> {
  const blocks: QuantisedBlock[] = [];
  for (const view of viewBlocks(layout, buffer)) {
    const { extractor, unitRows, firstClass, score } = view;
    blocks.push({
      ...(await quantiseWeights(view)),
      extractor,
      unitRows,
      firstClass,
      score,
      calibration: sharedFloats(view.calibration),
      thresholds: sharedFloats(view.thresholds),
    });
  }
  return { id, header, blocks };
}
