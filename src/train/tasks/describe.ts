import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { extractorSchema } from '../../model/model-header.ts';
import { decode } from '../../vision/decode.ts';
import type { DecodeLimits } from '../../vision/decode.ts';
import type { Extractor, ExtractorIdentity } from '../../vision/extractor.ts';
import { quantiseFeatures, type QuantisedFeatures } from '../../vision/quantised-features.ts';
import { decodeAhead } from '../decode-ahead.ts';
import { type FeatureRow, type PhotoProblem, photoProblem, putFeatureRows } from '../feature-rows.ts';
import { type RawPhoto, unpackPhotos } from '../photo-chunk.ts';
import type { Task } from '../task.ts';
import { inputOf, parametersOf } from './task-parts.ts';
import type { TaskContext, TaskHandler } from './task-context.ts';

/** Limits on photos, as parameters of a task. */
export const decodeLimits = z.strictObject({
  maxBytes: z.number(),
  maxPixels: z.number(),
  timeoutMs: z.number(),
});

const schema = z.strictObject({ extractor: extractorSchema, limits: decodeLimits });

/** What describing says beside the features: which photos have none. */
export const described = z.strictObject({ problems: z.array(photoProblem) });

/**
 * Photos to features: input a chunk of photos, output feature rows; the value is the problems of those that have none.
 */
export const describe: TaskHandler = async (task, context) => {
  const { extractor: wanted, limits } = parametersOf(task, schema);
  // Features of two versions do not mix, also while nodes are being upgraded.
  const extractor = context.extractors.exactly(wanted);
  const photos = unpackPhotos(await context.blobs.read(inputOf(task, 0).id));
  const { rows, problems } = await featuresOf(photos, extractor, limits, context);
  return {
    // Chunks without any would have the same output.
    outputs: rows.length === 0 ? [] : [await putFeatureRows(context.blobs, rows, extractor.dims)],
    value: { problems: problems.map((problem) => ({ ...problem })) },
  };
};

/** The task that describes a chunk of photos. */
export function describeTask(
  chunk: Task['inputs'][number],
  { id, version, dims, parametersHash }: ExtractorIdentity,
  { maxBytes, maxPixels, timeoutMs }: DecodeLimits,
): Task {
  return {
    kind: 'describe',
    key: `describe/${chunk.id}/${id}-${String(version)}-${parametersHash.slice(0, 16)}`,
    parameters: {
      extractor: { id, version, dims, parametersHash },
      limits: { maxBytes, maxPixels, timeoutMs },
    },
    inputs: [chunk],
  };
}

/** Features of photos, in their order; a photo that cannot be decoded is a problem, and the rest goes on. */
async function featuresOf(
  photos: readonly RawPhoto[],
  extractor: Extractor,
  limits: DecodeLimits,
  context: Pick<TaskContext, 'progress' | 'signal'>,
): Promise<{ rows: FeatureRow[]; problems: PhotoProblem[] }> {
  const rows: FeatureRow[] = [];
  const problems: PhotoProblem[] = [];
  const decoded = decodeAhead(photos, (bytes) => decode(bytes, extractor.input, limits), context);
  for await (const { id, pixels } of decoded) {
    const found = pixels instanceof Fault ? pixels : describeOne(pixels, extractor);
    if (found instanceof Fault) problems.push({ id, code: found.code, message: found.message });
    else rows.push({ id, features: found });
  }
  return { rows, problems };
}

/** Features that are no numbers are the problem of their photo alone. */
function describeOne(pixels: Uint8Array, extractor: Extractor): QuantisedFeatures | Fault {
  try {
    return quantiseFeatures(extractor.describe(pixels));
  } catch (error) {
    if (error instanceof Fault && error.code === 'FEATURES_NOT_FINITE') return error;
    throw error;
  }
}
