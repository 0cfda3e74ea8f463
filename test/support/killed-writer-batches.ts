import type { TagResult } from '../../src/store/tag-store.ts';

/** Photos that every generation writes anew. */
export const sharedIds = Array.from({ length: 8 }, (_, index) => `shared ${String(index)}`);

/** One batch: photos of this generation alone, and the shared ones with this generation's tag. */
export function generationOf(generation: number): TagResult[] {
  const own = Array.from({ length: 8 }, (_, index) => `own ${String(generation)} ${String(index)}`);
  return [
    ...own.map((id) => result(id, generation, { own: 0.5, [`own ${String(generation)}`]: 0.4 })),
    ...sharedIds.map((id) => result(id, generation, { shared: 0.7, [`shared ${String(generation)}`]: 0.6 })),
  ];
}

function result(photoId: string, generation: number, tags: Readonly<Record<string, number>>): TagResult {
  return {
    photoId,
    submission: { epoch: 1, sequence: generation },
    activation: 1,
    model: 'a'.repeat(64),
    extractor: 'lite0',
    taggedAt: 1,
    tags: Object.entries(tags).map(([tag, score]) => ({ tag, score })),
  };
}
