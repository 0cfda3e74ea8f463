import { featureStoresChild } from '../../actors/feature-stores-child.ts';
import { storeChild } from '../../actors/store-child.ts';
import { external } from '../runtime/index.ts';
import type { SupervisorSpec } from '../runtime/index.ts';
import type { NodeBelongings } from './belongings.ts';

/** The stores: opened again whenever they break down, while the rest goes on and waits for them. */
export function stores({ store, thumbnails, features }: NodeBelongings): SupervisorSpec {
  const backoff = { initialMs: 50, maxMs: 10_000 };
  return {
    intensity: { maxRestarts: 10, windowMs: 60_000 },
    children: [
      { id: 'tag-store', start: external(storeChild(store)), backoff },
      { id: 'thumbnail-store', start: external(storeChild(thumbnails)), backoff },
      { id: 'feature-stores', start: external(featureStoresChild(features)), backoff },
    ],
  };
}
