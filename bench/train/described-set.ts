import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BlobStore } from '../../src/model/blob-store.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import { readFeatureRows, type FeatureRow } from '../../src/train/feature-rows.ts';
import { packPhotos, type RawPhoto } from '../../src/train/photo-chunk.ts';
import { describeTask } from '../../src/train/tasks/describe.ts';
import type { Progress } from '../results/part.ts';
import { readLabels, readPhotos, setParts, type SetPart } from './labelled-set.ts';
import { openJobPool } from './job-threads.ts';

const chunkPhotos = 256;
const limits = { maxBytes: 24e6, maxPixels: 1e8, timeoutMs: 60_000 };

/** Photos with 8-bit features and labels. */
export interface DescribedPart {
  readonly ids: readonly string[];
  /** `Uint8Array [photos × dims]` */
  readonly values: Uint8Array;
  /** `Float32Array [photos × 2]`: offset and scale of each */
  readonly scales: Float32Array;
  /** `Int8Array [photos × classes]`: 1, −1, or 0 where there is no label */
  readonly labels: Int8Array;
}

/** A photo set as an extractor sees it, in files that programs in other languages can read. */
export interface DescribedSet extends Record<SetPart, DescribedPart> {
  /** `PART.values`, `PART.scales` and `PART.labels` are the arrays of a {@link DescribedPart}, little-endian. */
  readonly folder: string;
  readonly extractor: ExtractorReference;
  readonly classes: readonly string[];
}

/** What {@link describeSet} describes. */
export interface DescribeSetOptions {
  /** The photo set. */
  readonly photos: string;
  readonly extractor: ExtractorReference;
  /** Where the result goes; if it is there, it is read. */
  readonly folder: string;
  readonly progress: Progress;
}

interface Names {
  readonly classes: readonly string[];
  readonly ids: Record<SetPart, readonly string[]>;
}

/** The features of a photo set by the product's own kernel and threads, once. Photos that cannot be decoded are left out. */
export async function describeSet(options: DescribeSetOptions): Promise<DescribedSet> {
  const names = await readNames(options.folder).catch(() => undefined);
  const { classes, ids } = names ?? (await makeSet(options));
  const read = async (part: SetPart): Promise<DescribedPart> => {
    // A copy, since a buffer of Node's may lie anywhere in a larger one.
    const file = async (name: string) =>
      new Uint8Array(await readFile(join(options.folder, `${part}.${name}`))).buffer;
    return {
      ids: ids[part],
      values: new Uint8Array(await file('values')),
      scales: new Float32Array(await file('scales')),
      labels: new Int8Array(await file('labels')),
    };
  };
  const { folder, extractor } = options;
  return { folder, extractor, classes, train: await read('train'), test: await read('test') };
}

async function readNames(folder: string): Promise<Names> {
  return JSON.parse(await readFile(join(folder, 'names.json'), 'utf8')) as Names;
}

async function makeSet({ photos, extractor, folder, progress }: DescribeSetOptions): Promise<Names> {
  const making = await mkdtemp(`${folder}.`);
  const ids: Record<SetPart, string[]> = { train: [], test: [] };
  let classes: readonly string[] | undefined;
  for (const part of setParts) {
    progress(`${extractor.id}: features of the ${part} photos`);
    const rows = await describePhotos(readPhotos(photos, part), extractor, join(making, 'work'));
    ids[part] = rows.map(({ id }) => id);
    const labelled = await readLabels(photos, part, ids[part], classes);
    classes = labelled.classes;
    const write = (name: string, array: Uint8Array | Int8Array) =>
      writeFile(join(making, `${part}.${name}`), array);
    await write('values', Buffer.concat(rows.map(({ features }) => features.values)));
    const scales = Float32Array.from(rows.flatMap(({ features: { offset, scale } }) => [offset, scale]));
    await write('scales', new Uint8Array(scales.buffer));
    await write('labels', labelled.labels);
  }
  const names = { classes: classes ?? [], ids };
  await writeFile(join(making, 'names.json'), JSON.stringify(names));
  await rm(join(making, 'work'), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(making, folder);
  return names;
}

async function describePhotos(
  photos: AsyncIterable<RawPhoto>,
  extractor: ExtractorReference,
  work: string,
): Promise<FeatureRow[]> {
  const blobs = new BlobStore(join(work, 'blobs'));
  const pool = await openJobPool(availableParallelism(), work);
  const describe = async (chunk: readonly RawPhoto[]) => {
    const { outputs } = await pool.run(describeTask(await blobs.put(packPhotos(chunk)), extractor, limits));
    return await readFeatureRows(blobs, outputs[0]!);
  };
  const tasks: Promise<FeatureRow[]>[] = [];
  for await (const chunk of chunksOf(photos)) tasks.push(describe(chunk));
  const rows = (await Promise.all(tasks)).flat();
  pool.stop();
  return rows;
}

async function* chunksOf(photos: AsyncIterable<RawPhoto>): AsyncIterable<RawPhoto[]> {
  let chunk: RawPhoto[] = [];
  for await (const photo of photos) {
    chunk.push(photo);
    if (chunk.length < chunkPhotos) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
