import { z } from 'zod';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { Whitening } from '../vision/linear-whitening.ts';
import { arrayOf, putBundle, readBundle } from './array-bundle.ts';

const kind = 'whitening';

const metaSchema = z.strictObject({ squaredLength: z.number().min(0) });

/** A whitening transform, and what it does to rows. */
export interface MeasuredWhitening extends Whitening {
  /** Mean squared length of a whitened row: it bounds the step size. */
  readonly squaredLength: number;
}

/** Stores a whitening transform. */
export function putWhitening(
  blobs: BlobStore,
  { mean, transform, squaredLength }: MeasuredWhitening,
): Promise<BlobRef> {
  return putBundle(blobs, { kind, meta: { squaredLength }, arrays: [mean, transform] });
}

/**
 * Reads a whitening transform.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readWhitening(blobs: BlobStore, ref: BlobRef): Promise<MeasuredWhitening> {
  const bundle = await readBundle(blobs, ref, kind);
  return {
    ...metaSchema.parse(bundle.meta),
    mean: arrayOf(bundle, 0, 'f32'),
    transform: arrayOf(bundle, 1, 'f32'),
  };
}
