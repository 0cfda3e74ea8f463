import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import type { BlobRef } from '../../model/blob-store.ts';
import { checkExtractors, classNames } from '../../model/model-header.ts';
import { ModelScorer } from '../../model/model-scorer.ts';
import type { DecodeLimits } from '../../vision/decode.ts';
import type { Extractor } from '../../vision/extractor.ts';
import { decodeFor, describeAll } from '../../vision/extractors.ts';
import { type QuantisedFeatures, quantiseFeatures } from '../../vision/quantised-features.ts';
import type { TagSelection } from '../../vision/scores.ts';
import { decodeAhead } from '../decode-ahead.ts';
import { type PhotoProblem, photoProblem } from '../feature-rows.ts';
import { unpackPhotos } from '../photo-chunk.ts';
import type { Task } from '../task.ts';
import { decodeLimits } from './describe.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  /** Tags above their thresholds, or the scores of all classes. */
  scores: z.enum(['tags', 'all']),
  limits: decodeLimits,
});

/** What tagging says beside the tags: how many photos have a line, and which have none. */
export const tagged = z.strictObject({ photos: z.int(), problems: z.array(photoProblem) });

/** Tags photos: inputs a chunk of photos and a model's file, output a line for each photo in their order. */
export const tag: TaskHandler = async (task, context) => {
  const { scores, limits } = parametersOf(task, schema);
  const { kernel, blobs, models } = context;
  const photos = unpackPhotos(await blobs.read(inputOf(task, 0).id));
  const model = await models.read(blobs.path(inputOf(task, 1).id));
  const names = classNames(model.header);
  const scorer = new ModelScorer(kernel, context.extractors);
  const handle = { activation: 0, ...model };
  const extractors = scorer.extractorsOf(handle);
  checkExtractors(model.header, extractors);
  const lines: string[] = [];
  const problems: PhotoProblem[] = [];
  const decoded = decodeAhead(photos, (bytes) => decodeFor(extractors, bytes, limits), context);
  for await (const { id, pixels } of decoded) {
    const kept = pixels instanceof Fault ? pixels : featuresOf(pixels);
    if (kept instanceof Fault) {
      problems.push({ id, code: kept.code, message: kept.message });
      continue;
    }
    const found = scorer.score(kept, handle, scores === 'all' ? names.length : 0);
    lines.push(lineOf(id, scores === 'all' ? found.best : found.tags, names));
  }
  return {
    outputs: [await blobs.put([Buffer.from(lines.join(''), 'utf8')])],
    value: { photos: lines.length, problems: problems.map((problem) => ({ ...problem })) },
  };
};

/** The task that tags a chunk of photos with a model. */
export function tagTask(
  chunk: BlobRef,
  model: BlobRef,
  scores: 'tags' | 'all',
  { maxBytes, maxPixels, timeoutMs }: DecodeLimits,
): Task {
  return {
    kind: 'tag',
    key: `tag/${chunk.id}`,
    parameters: { scores, limits: { maxBytes, maxPixels, timeoutMs } },
    inputs: [chunk, model],
  };
}

/** As they would be kept, so that a photo has the same tags whichever way it comes. Those that are no numbers are the problem of their photo alone. */
function featuresOf(
  pixels: ReadonlyMap<Extractor, Uint8Array>,
): ReadonlyMap<string, QuantisedFeatures> | Fault {
  try {
    return new Map(Array.from(describeAll(pixels), ([of, x]) => [of, quantiseFeatures(x)]));
  } catch (error) {
    if (error instanceof Fault && error.code === 'FEATURES_NOT_FINITE') return error;
    throw error;
  }
}

/** Written pair by pair: an object would put the class "2013" first, and do harm with "__proto__". */
function lineOf(id: string, { indices, scores }: TagSelection, names: readonly string[]): string {
  const pairs = Array.from(indices, (index, place) => {
    // Nine digits tell every float32 from the next.
    const score = Number((scores[place] ?? 0).toPrecision(9));
    return `${JSON.stringify(names[index] ?? '')}: ${String(score)}`;
  });
  return `${id}\t{${pairs.join(', ')}}\n`;
}
