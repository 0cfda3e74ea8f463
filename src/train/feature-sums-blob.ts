import { z } from 'zod';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { FeatureSums } from '../vision/linear-statistics.ts';
import { arrayOf, putBundle, readBundle } from './array-bundle.ts';

const kind = 'feature sums';
const metaSchema = z.strictObject({ rows: z.int().min(0) });

/** Stores sums over rows. */
export function putSums(blobs: BlobStore, { rows, sum, products }: FeatureSums): Promise<BlobRef> {
  return putBundle(blobs, { kind, meta: { rows }, arrays: [sum, products] });
}

/**
 * Reads sums over rows.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readSums(blobs: BlobStore, ref: BlobRef): Promise<FeatureSums> {
  const bundle = await readBundle(blobs, ref, kind);
  const { rows } = metaSchema.parse(bundle.meta);
  return { rows, sum: arrayOf(bundle, 0, 'f64'), products: arrayOf(bundle, 1, 'f64') };
}
