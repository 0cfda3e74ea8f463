import { modelKeeperName } from '../../actors/model-keeper.ts';
import { ModelActivator } from '../../actors/model-activator.ts';
import { ModelComparison } from '../../actors/model-comparison.ts';
import { setupFiles } from '../base/package-root.ts';
import { ModelLibrary } from '../model/model-library.ts';
import type { NodeLink } from '../transport/node-link.ts';
import type { NodeBelongings } from './belongings.ts';

/** The models that a node has, or fetches from the registry. */
export function modelLibrary({ folders }: NodeBelongings, { registry }: NodeLink): ModelLibrary {
  return new ModelLibrary(folders.models, setupFiles.starterModel, registry);
}

/** What puts models in use. */
export function modelActivator(own: NodeBelongings, link: NodeLink): ModelActivator {
  const { activations, registry } = link;
  return new ModelActivator({
    activations,
    registry,
    library: modelLibrary(own, link),
    comparison: new ModelComparison(registry),
    keeper: own.system.ref(modelKeeperName),
    folder: own.folders.incoming,
  });
}
