import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { readPhotoFolders } from '../../model/training-set/photo-folders.ts';
import { type InputPhoto, type PhotoReading, readPixelData } from '../../model/training-set/pixel-data.ts';
import { thumbnailOfFile } from '../../vision/thumbnail.ts';
import { checkEvaluation } from '../evaluation.ts';
import { Fault } from '../../base/errors.ts';
import type { Task } from '../task.ts';
import { decodeLimits } from './describe.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  title: z.string(),
  created: z.string(),
  facts: z.array(z.tuple([z.string(), z.string()])),
  join: z.array(z.strictObject({ what: z.string(), count: z.number() })),
  /** Files of pixel data and folders of photos, on this node: small pictures are taken from there. */
  pixels: z.array(z.string()),
  folders: z.array(z.string()),
  limits: decodeLimits,
  steps: z.array(z.strictObject({ name: z.string(), seconds: z.number() })),
});

/** Input files of more bytes than this are not searched for pictures. */
const maxSearchedBytes = 4 * 1024 ** 3;

/** Longest side of a picture in the report, pixels. */
const pictureSide = 128;

/** The report of a training run as one page: input the evaluation, output the page. It runs where the photos are. */
export const report: TaskHandler = async (task, { blobs, signal }) => {
  const { pixels, folders, limits, ...facts } = parametersOf(task, schema);
  const evaluation = checkEvaluation(JSON.parse((await blobs.read(inputOf(task, 0).id)).toString('utf8')));
  if (typeof evaluation === 'string') throw new Fault('INTERNAL', { reason: evaluation });
  const wanted = new Set([...evaluation.falseTags, ...evaluation.missedTags].map(({ photo }) => photo));
  const pictures = await picturesOf(wanted, { pixels, folders, limits }, signal);
  // Whoever asks for this task draws no plots.
  const { reportHtml } = await import('../report/report.ts');
  const page = reportHtml({ ...facts, evaluation }, (photo) => pictures.get(photo));
  return { outputs: [await blobs.put([Buffer.from(page, 'utf8')])], value: null };
};

/** The task that makes the report. */
export function reportTask(evaluation: BlobRef, parameters: z.infer<typeof schema>): Task {
  return { kind: 'report', key: 'finish/report', parameters, inputs: [evaluation] };
}

type PictureSources = Pick<z.infer<typeof schema>, 'pixels' | 'folders' | 'limits'>;

/** Small pictures of photos, as far as the input has them. */
async function picturesOf(
  wanted: ReadonlySet<string>,
  sources: PictureSources,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const pictures = new Map<string, Uint8Array>();
  for await (const { id, bytes } of photosOf(wanted, sources)) {
    signal.throwIfAborted();
    // One that cannot be decoded was reported when it was described.
    const picture = await thumbnailOfFile(bytes, pictureSide, sources.limits).catch(() => undefined);
    if (picture !== undefined) pictures.set(id, picture);
    if (pictures.size === wanted.size) break;
  }
  return pictures;
}

async function* photosOf(
  wanted: ReadonlySet<string>,
  { pixels, folders, limits }: PictureSources,
): AsyncGenerator<InputPhoto> {
  const reading: PhotoReading = {
    maxPhotoBytes: limits.maxBytes,
    isStored: (id) => !wanted.has(id),
    // Whoever described the photos has told of it.
    onProblem: () => undefined,
  };
  for (const file of pixels) {
    const { size } = await stat(file);
    if (size <= maxSearchedBytes) yield* readPixelData(file, reading);
  }
  for (const folder of folders) yield* readPhotoFolders(folder, reading);
}
