import type { TagResult } from '../../../src/store/tag-store.ts';
import { result } from '../../contract/tag-store-samples.ts';

/** Photos that every generation writes anew. */
export const sharedIds = Array.from({ length: 8 }, (_, index) => `shared ${String(index)}`);

/** One batch: photos of this generation alone, and the shared ones with this generation's tag. */
export function generationOf(generation: number): TagResult[] {
  const submission = { epoch: 1, sequence: generation };
  const own = Array.from({ length: 8 }, (_, index) => `own ${String(generation)} ${String(index)}`);
  return [
    ...own.map((id) => result(id, { own: 0.5, [`own ${String(generation)}`]: 0.4 }, { submission })),
    ...sharedIds.map((id) =>
      result(id, { shared: 0.7, [`shared ${String(generation)}`]: 0.6 }, { submission }),
    ),
  ];
}
