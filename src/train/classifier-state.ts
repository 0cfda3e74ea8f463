import { z } from 'zod';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { ClassifierBlock } from '../vision/linear-projection.ts';
import { arrayOf, putBundle, readBundle } from './array-bundle.ts';

/** Classifiers of a block of classes between two steps of learning, of whitened features. */
export interface ClassifierState {
  readonly current: ClassifierBlock;
  /** Averages over the steps that were averaged. */
  readonly average: ClassifierBlock;
  /** Steps so far. */
  readonly steps: number;
  /** Steps in {@link ClassifierState.average}. */
  readonly averaged: number;
}

const kind = 'classifiers';
const metaSchema = z.strictObject({ steps: z.int().min(0), averaged: z.int().min(0) });

/** Stores the state of learning. */
export function putState(
  blobs: BlobStore,
  { current, average, steps, averaged }: ClassifierState,
): Promise<BlobRef> {
  const arrays = [current.w, current.b, average.w, average.b];
  return putBundle(blobs, { kind, meta: { steps, averaged }, arrays });
}

/**
 * Reads the state of learning.
 * @throws Fault `NOT_FOUND`, `BLOB_DAMAGED`
 */
export async function readState(blobs: BlobStore, ref: BlobRef): Promise<ClassifierState> {
  const bundle = await readBundle(blobs, ref, kind);
  return {
    ...metaSchema.parse(bundle.meta),
    current: { w: arrayOf(bundle, 0, 'f32'), b: arrayOf(bundle, 1, 'f32') },
    average: { w: arrayOf(bundle, 2, 'f32'), b: arrayOf(bundle, 3, 'f32') },
  };
}
