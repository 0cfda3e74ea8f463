import type { BlobStore } from '../model/blob-store.ts';
import type { DecodeLimits } from '../vision/decode.ts';
import type { ExtractorIdentity } from '../vision/extractor.ts';
import { readFeatureRows, type FeatureRow, type PhotoProblem } from './feature-rows.ts';
import { chunksOf, packPhotos, type RawPhoto } from './photo-chunk.ts';
import type { TaskProgress, TaskRunner } from './task.ts';
import { described, describeTask } from './tasks/describe.ts';
import { Window } from './window.ts';

/** What describing photos works with. */
export interface DescribeOptions {
  readonly tasks: TaskRunner;
  readonly blobs: BlobStore;
  /** Keeps features: durable when resolved. */
  readonly keep: (rows: readonly FeatureRow[]) => Promise<void>;
  readonly extractor: ExtractorIdentity;
  readonly limits: DecodeLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TaskProgress) => void;
  readonly onProblem: (problem: PhotoProblem) => void;
}

/** Chunks for each task that can run at once: while one is described, the next is made. */
const chunksAhead = 2;

/**
 * Describes photos as they come, chunk by chunk, wherever there is a free thread; a photo is described once its features are kept.
 * Memory and disk hold a few chunks, however many photos there are.
 *
 * @returns how many photos were described
 * @throws Fault of a task; `CANCELLED`
 */
export async function describePhotos(
  photos: AsyncIterable<RawPhoto>,
  options: DescribeOptions,
): Promise<number> {
  const window = new Window(chunksAhead * options.tasks.parallelism);
  let done = 0;
  const inWork = new Set<string>();
  for await (const chunk of chunksOf(unlessIn(inWork, photos))) {
    options.signal.throwIfAborted();
    await window.enter(async () => {
      done += await describeChunk(chunk, options);
      for (const { id } of chunk) inWork.delete(id);
      options.onProgress({ done, total: 0 });
    });
  }
  await window.drain();
  return done;
}

/** Passes over photos that are being described, and adds the others: two files may have the same ones. */
async function* unlessIn(inWork: Set<string>, photos: AsyncIterable<RawPhoto>): AsyncGenerator<RawPhoto> {
  for await (const photo of photos) {
    if (inWork.has(photo.id)) continue;
    inWork.add(photo.id);
    yield photo;
  }
}

async function describeChunk(
  chunk: readonly RawPhoto[],
  { tasks, blobs, keep, extractor, limits, signal, onProblem }: DescribeOptions,
): Promise<number> {
  const input = await blobs.put(packPhotos(chunk));
  const { outputs, value } = await tasks.run(describeTask(input, extractor, limits), { signal });
  for (const output of outputs) {
    await keep(await readFeatureRows(blobs, output));
    await blobs.remove(output.id);
  }
  const { problems } = described.parse(value);
  for (const problem of problems) onProblem(problem);
  await blobs.remove(input.id);
  return chunk.length - problems.length;
}
