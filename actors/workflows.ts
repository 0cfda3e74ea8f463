import type { RunSpec } from '../src/transport/run-spec.ts';
import type { Workflow } from './run-coordinator.ts';
import { prune, type PruningServices } from './pruning-workflow.ts';
import { rescore, type RescoringServices } from './rescoring-workflow.ts';
import { tagFiles, type TaggingServices } from './tagging-workflow.ts';
import { train, type TrainingServices } from './training-workflow.ts';

/** The workflow of each kind of run. */
export function workflows(
  services: TrainingServices & TaggingServices & RescoringServices & PruningServices,
): Workflow {
  return (spec: RunSpec, context) => {
    switch (spec.kind) {
      case 'train':
        return train(spec, context, services);
      case 'tag':
        return tagFiles(spec, context, services);
      case 'rescore':
        return rescore(spec, context, services);
      case 'prune':
        return prune(spec, context, services);
    }
  };
}
