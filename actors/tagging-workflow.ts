import { createReadStream } from 'node:fs';
import type { BlobRef, BlobStore } from '../src/model/blob-store.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import { readPixelData, type InputPhoto } from '../src/model/training-set/pixel-data.ts';
import { chunksOf, packPhotos } from '../src/train/photo-chunk.ts';
import type { Json } from '../src/train/task.ts';
import { tagged, tagTask } from '../src/train/tasks/tag.ts';
import { Window } from '../src/train/window.ts';
import type { Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { TagSpec } from '../src/transport/run-spec.ts';
import { writeWhole } from '../src/transport/whole-file.ts';
import type { DecodeLimits } from '../src/vision/decode.ts';
import { Fault } from '../src/base/errors.ts';
import { InputProblems } from './input-problems.ts';
import type { RunContext } from './run-coordinator.ts';

/** What tagging a file works with on this node. */
export interface TaggingServices {
  readonly blobs: BlobStore;
  readonly limits: DecodeLimits;
  readonly registry: ModelRegistry;
  readonly library: ModelLibrary;
  readonly activations: Activations;
}

/** Chunks for each task that can run at once. */
const chunksAhead = 2;

/** Tags the photos of files with a model, and writes a file with a line for each, in their order. */
export async function tagFile(spec: TagSpec, context: RunContext, services: TaggingServices): Promise<Json> {
  const { tasks, signal, progress } = context;
  const { blobs, limits } = services;
  const problems = new InputProblems(false);
  const model = await modelOf(spec, services);
  const file = await blobs.put(createReadStream(await services.library.file(model)));
  const window = new Window(chunksAhead * tasks.parallelism);
  const parts: BlobRef[] = [];
  let done = 0;
  let written = 0;
  let place = 0;
  progress.at('tag');
  for await (const chunk of chunksOf(photosOf(spec, services, problems))) {
    signal.throwIfAborted();
    const own = place++;
    await window.enter(async () => {
      const input = await blobs.put(packPhotos(chunk));
      const { outputs, value } = await tasks.run(tagTask(input, file, spec.scores, limits), { signal });
      const [part] = outputs;
      if (part !== undefined) parts[own] = part;
      const { photos, problems: found } = tagged.parse(value);
      found.forEach(problems.addPhoto);
      written += photos;
      await blobs.remove(input.id);
      done += chunk.length;
      progress.at('tag', { done, total: 0 });
    });
  }
  await window.drain();
  progress.at('write');
  await writeWhole(spec.out, linesOf(blobs, parts));
  // What a training run has left may be kept, and with it all blobs there are.
  for (const { id } of parts) await blobs.remove(id);
  return {
    model,
    out: spec.out,
    photos: { tagged: written, problems: problems.toJson() },
    steps: progress.steps(),
  };
}

async function modelOf({ model }: TagSpec, { registry, activations }: TaggingServices): Promise<string> {
  if (model !== undefined) return (await registry.find(model)).id;
  const inUse = await activations.current();
  if (inUse === undefined) throw new Fault('NOT_FOUND', { what: 'model', id: 'that is active' });
  return inUse.model;
}

async function* photosOf(
  { pixels }: TagSpec,
  { limits }: TaggingServices,
  problems: InputProblems,
): AsyncGenerator<InputPhoto> {
  const reading = { maxPhotoBytes: limits.maxBytes, onProblem: problems.addInput };
  for (const file of pixels) yield* readPixelData(file, reading);
}

async function* linesOf(blobs: BlobStore, parts: readonly BlobRef[]): AsyncGenerator<Uint8Array> {
  for (const { id } of parts) yield await blobs.read(id);
}
