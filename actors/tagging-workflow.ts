import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Log } from '../src/base/log.ts';
import type { BlobStore } from '../src/model/blob-store.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import { SeenIds } from '../src/model/tagging/seen-ids.ts';
import { splitsOf, type Split } from '../src/model/tagging/splits.ts';
import {
  readCheckpoint,
  readPhotos,
  TaggingJournal,
  type TaggingCheckpoint,
} from '../src/model/tagging/tagging-journal.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { Json } from '../src/train/task.ts';
import type { TagSpec } from '../src/transport/run-spec.ts';
import { placeFile } from '../src/transport/whole-file.ts';
import type { DecodeLimits } from '../src/vision/decode.ts';
import type { RunContext } from './run-coordinator.ts';
import { SplitPipeline } from './split-pipeline.ts';
import { SplitTagger } from './split-tagger.ts';
import { patiently } from './store-patience.ts';
import { checkpointOf, planTagging, type PlanServices } from './tagging-plan.ts';

/** What tagging files works with on this node. */
export interface TaggingServices extends PlanServices {
  readonly blobs: BlobStore;
  readonly limits: DecodeLimits;
  readonly library: ModelLibrary;
  readonly tags: SupervisedTagStore;
  readonly log: Log;
}

/** Photos of a split, at most; so few, if there is a limit on their rate, that they are begun within a second. */
const splitPhotos = 256;

/**
 * Tags the photos of files with a model, and writes a file with a line for each, in their order.
 *
 * What is done stands in a journal, split by split: a run that begins again reads and tags none of it a second time.
 */
export async function tagFiles(spec: TagSpec, context: RunContext, services: TaggingServices): Promise<Json> {
  const folder = services.folders.of(context.run.id);
  const last =
    (await readCheckpoint(folder)) ??
    (await TaggingJournal.begin(folder, await planTagging(context, spec, services)));
  const { plan, photos, problems } = last.isWhole
    ? last
    : await tagSplits(spec, context, { ...services, folder, last });
  context.progress.at('write');
  await place(plan.partial, spec);
  return {
    model: plan.model,
    out: spec.out,
    photos: { ...counted(photos), problems },
    steps: context.progress.steps(),
  };
}

/** Only the first counts, unless there is more to say. */
function counted({ tagged, failed, passedOver }: TaggingCheckpoint['photos']) {
  return { tagged, ...(failed > 0 ? { failed } : {}), ...(passedOver > 0 ? { passedOver } : {}) };
}

function sumOf({ tagged, failed, passedOver }: TaggingCheckpoint['photos']): number {
  return tagged + failed + passedOver;
}

/** The results may be in place already: then the run was killed right after that. */
async function place(partial: string, { out, overwrite }: TagSpec): Promise<void> {
  const isThere = await stat(partial).catch(() => undefined);
  if (isThere !== undefined) await placeFile(partial, out, { existing: overwrite ? 'replace' : 'refuse' });
}

async function tagSplits(
  spec: TagSpec,
  context: RunContext,
  services: TaggingServices & { readonly folder: string; readonly last: TaggingCheckpoint },
): Promise<TaggingCheckpoint> {
  const { blobs, limits, library, folder, last } = services;
  const { tasks, signal } = context;
  const model = await blobs.put(createReadStream(await library.file(last.plan.model)));
  const journal = await TaggingJournal.open(folder, last);
  try {
    const pipeline = new SplitPipeline({
      journal,
      tagger: (ended) => new SplitTagger({ tasks, blobs, limits, model, scores: spec.scores, signal: ended }),
      ...(spec.rate === undefined ? {} : { rate: spec.rate }),
      parallelism: () => tasks.parallelism,
      signal,
      onProgress: ({ share, photos }) => {
        context.progress.at('tag', { done: sumOf(photos), total: 0, share });
        context.progress.tell({ photos: counted(photos) });
      },
    });
    await pipeline.run(await splitsFrom(spec, context, services));
    await journal.conclude();
    return journal.last;
  } finally {
    await journal.close();
  }
}

/** The splits that are left. */
async function splitsFrom(
  { rate = Infinity, only, retryOf }: TagSpec,
  { signal }: RunContext,
  services: TaggingServices & { readonly folder: string; readonly last: TaggingCheckpoint },
): Promise<AsyncGenerator<Split>> {
  const { limits, tags, log, folder, last } = services;
  const { sources, seed, parallelism } = last.plan;
  const isDoneBefore = retryOf === undefined ? () => false : await doneBy(retryOf, seed, services);
  const isStored = async (id: string) =>
    only === 'unprocessed' && (await patiently(() => tags.get(id), { signal, log })) !== undefined;
  return splitsOf(sources, last.next, {
    maxPhotoBytes: limits.maxBytes,
    maxPhotos: Math.min(splitPhotos, Math.ceil(rate)),
    readBefore: last.read,
    parallelism,
    seed,
    known: readPhotos(folder, last),
    isDone: async (id) => isDoneBefore(id) || (await isStored(id)),
  });
}

/** Whether an earlier run has done a photo. */
async function doneBy(
  run: string,
  seed: number,
  { folders }: TaggingServices,
): Promise<(id: string) => boolean> {
  const done = new SeenIds(seed);
  for await (const photo of readPhotos(folders.of(run), await checkpointOf(run, folders)))
    if (photo.isDone) done.add(photo);
  return (id) => done.has(id);
}
