import type { ModelHeader } from '../src/model/model-header.ts';
import type { Evaluation } from '../src/train/evaluation.ts';
import type { ModelMetadata } from '../src/transport/payloads.ts';

/** What a model file does not say of itself. */
export type ModelOrigin = Pick<ModelMetadata, 'kind' | 'run' | 'evaluation'> &
  Partial<Pick<ModelMetadata, 'parents' | 'description'>>;

/** What the registry is told of a model: what its header says, and where it comes from. */
export function metadataOf(header: ModelHeader, origin: ModelOrigin): ModelMetadata {
  return {
    created: header.created,
    description: header.provenance.description,
    parents: [],
    blocks: header.blocks.map(({ name, extractor: { id, version }, score, classes }) => {
      return { name, extractor: `${id}-${String(version)}`, score, classes: classes.length };
    }),
    ...origin,
  };
}

/** What an evaluation came to; `undefined` if no class could be judged. */
export function summaryOf(evaluation: Evaluation): ModelMetadata['evaluation'] {
  const { meanAveragePrecision, judgedClasses, calibrationError, precision, recall } = evaluation;
  if (meanAveragePrecision === null) return undefined;
  return {
    meanAveragePrecision,
    judgedClasses,
    ...(calibrationError === null ? {} : { calibrationError }),
    ...(precision === null ? {} : { precision }),
    ...(recall === null ? {} : { recall }),
  };
}
