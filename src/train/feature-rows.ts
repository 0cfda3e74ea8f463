import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { QuantisedFeatures } from '../vision/quantised-features.ts';
import { arrayOf, putBundle, readBundle } from './array-bundle.ts';
import { z } from 'zod';

/** Why a photo has no features. */
export const photoProblem = z.strictObject({ id: z.string(), code: z.string(), message: z.string() });
/** See {@link photoProblem}. */
export type PhotoProblem = z.infer<typeof photoProblem>;

/** A photo's features. */
export interface FeatureRow {
  readonly id: string;
  readonly features: QuantisedFeatures;
}

const kind = 'feature rows';

/** Stores rows of features of one extractor as a blob. */
export async function putFeatureRows(
  blobs: BlobStore,
  rows: readonly FeatureRow[],
  dims: number,
): Promise<BlobRef> {
  const scales = new Float32Array(2 * rows.length);
  const values = new Uint8Array(rows.length * dims);
  rows.forEach(({ features }, row) => {
    scales.set([features.offset, features.scale], 2 * row);
    values.set(features.values, row * dims);
  });
  return await putBundle(blobs, {
    kind,
    meta: { dims, ids: rows.map(({ id }) => id) },
    arrays: [scales, values],
  });
}

const metaSchema = z.strictObject({ dims: z.int().min(1), ids: z.array(z.string()) });

/**
 * Reads rows of features.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readFeatureRows(blobs: BlobStore, ref: BlobRef): Promise<FeatureRow[]> {
  const bundle = await readBundle(blobs, ref, kind);
  const { dims, ids } = metaSchema.parse(bundle.meta);
  const scales = arrayOf(bundle, 0, 'f32');
  const values = arrayOf(bundle, 1, 'u8');
  return ids.map((id, row) => ({
    id,
    features: {
      offset: scales[2 * row] ?? 0,
      scale: scales[2 * row + 1] ?? 0,
      values: values.slice(row * dims, (row + 1) * dims),
    },
  }));
}
