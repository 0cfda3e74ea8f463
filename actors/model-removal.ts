import { Fault } from '../src/base/errors.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import type { Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';

/** Where models are removed from. */
export interface ModelPlaces {
  readonly registry: ModelRegistry;
  readonly activations: Activations;
  readonly library: ModelLibrary;
}

/**
 * Removes a model from the registry and from this node.
 * @throws Fault `MODEL_IN_USE`, `NOT_FOUND`, `NATS_UNREACHABLE`
 */
export async function removeModel(
  { registry, activations, library }: ModelPlaces,
  id: string,
): Promise<void> {
  if ((await activations.current())?.model === id) throw new Fault('MODEL_IN_USE', { id });
  await registry.remove(id);
  await library.remove(id);
}
