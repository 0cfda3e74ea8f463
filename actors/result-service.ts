import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import { checkTagResult } from '../src/store/tag-store.ts';
import type { ResultStore } from './result-store.ts';

/** Keeps the results of nodes that have no store of their own. */
export function resultService(node: string, results: ResultStore): readonly Endpoint[] {
  return [
    endpoint('keepResults', { node }, async ({ photos }) => {
      for (const { result } of photos) checkTagResult(result);
      const kept = photos.map(({ result, features, thumbnail }) => ({
        result,
        features: features.map(({ extractor, offset, scale, values }) => {
          // Alone in its buffer: what came is a view on the client's.
          return { extractor, features: { offset, scale, values: new Uint8Array(values) } };
        }),
        thumbnail: thumbnail && new Uint8Array(thumbnail),
      }));
      return { outcomes: await results.keep(kept) };
    }),
  ];
}
