import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { describePhotos } from '../../../src/train/describe-photos.ts';
import type { RawPhoto } from '../../../src/train/photo-chunk.ts';
import type { Task } from '../../../src/train/task.ts';
import { describe } from '../../../src/train/tasks/describe.ts';
import type { TaskContext } from '../../../src/train/tasks/index.ts';
import { hogIdentity } from '../../../src/vision/hog.ts';
import { numbered } from '../../support/photos.ts';

const signal = new AbortController().signal;
const limits = { maxBytes: 1e6, maxPixels: 1e6, timeoutMs: 10_000 };
let folder: string;
let blobs: BlobStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-describe-'));
  blobs = new BlobStore(folder);
});

afterEach(() => rm(folder, { recursive: true }));

/** Describes with an extractor that gives one feature, 1; of some photos it is none. */
async function described(photos: readonly RawPhoto[], isFinite: (call: number) => boolean = () => true) {
  let calls = 0;
  const input = { width: 8, height: 8, crop: 1 };
  const extractor = { dims: 2, input, describe: () => Float32Array.of(isFinite(calls++) ? 1 : NaN, 2) };
  const context = { blobs, signal, progress: () => undefined, extractors: { exactly: () => extractor } };
  const keys: string[] = [];
  const kept: string[] = [];
  const problems: string[] = [];
  const count = await describePhotos(streamOf(photos), {
    tasks: {
      parallelism: 2,
      run: (task: Task) => {
        keys.push(task.key);
        return describe(task, context as unknown as TaskContext);
      },
    },
    blobs,
    keep: (rows) => Promise.resolve(void kept.push(...rows.map(({ id }) => id))),
    extractor: hogIdentity,
    limits,
    signal,
    onProgress: () => undefined,
    onProblem: ({ id, code }) => problems.push(`${id} ${code}`),
  });
  return { count, keys, kept, problems };
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* streamOf(photos: readonly RawPhoto[]): AsyncGenerator<RawPhoto> {
  yield* photos;
}

function photosOf(count: number, bytes: (photo: number) => Uint8Array): RawPhoto[] {
  return Array.from({ length: count }, (_, photo) => ({ id: `photo-${String(photo)}`, bytes: bytes(photo) }));
}

test('photos that come again while they are described are described once', async () => {
  const bytes = await numbered(1);
  // Just a chunk.
  const photos = photosOf(256, () => bytes);
  const { count, keys, kept } = await described([...photos, ...photos]);
  expect(count).toBe(256);
  expect(keys).toHaveLength(1);
  expect(new Set(kept).size).toBe(256);
});

test('chunks of nothing but damaged photos are problems each', async () => {
  const { count, problems } = await described(photosOf(600, () => Buffer.from('no photo')));
  expect(count).toBe(0);
  expect(new Set(problems).size).toBe(600);
});

test('features that are not finite are the problem of their photo', async () => {
  const bytes = await numbered(1);
  const { kept, problems } = await described(
    photosOf(3, () => bytes),
    (call) => call !== 1,
  );
  expect(kept).toEqual(['photo-0', 'photo-2']);
  expect(problems).toEqual(['photo-1 FEATURES_NOT_FINITE']);
});
