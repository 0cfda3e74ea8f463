import { z } from 'zod';
import type { FeatureSelection } from '../../model/feature-store/feature-snapshot.ts';

/** Where a task finds the rows of photos: what of a selection survives JSON. */
export const featureSource = z.strictObject({
  extractor: z.strictObject({
    id: z.string(),
    version: z.int(),
    dims: z.int().min(1),
    parametersHash: z.string(),
  }),
  segments: z.array(
    z.strictObject({ slot: z.int(), files: z.strictObject({ ids: z.string(), rows: z.string() }) }),
  ),
  /** Of each photo. */
  places: z.array(z.int().min(0)),
});
/** See {@link featureSource}. */
export type FeatureSource = z.infer<typeof featureSource>;

/** A selection of photos that all have features, as a task is given it. */
export function sourceOf({ extractor, segments, places }: FeatureSelection): FeatureSource {
  return {
    extractor: { ...extractor },
    segments: segments.map(({ slot, files }) => ({ slot, files: { ...files } })),
    places: places.map((place) => place ?? 0),
  };
}
