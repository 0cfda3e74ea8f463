import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { packPhotos } from '../../../src/train/photo-chunk.ts';
import { describe, describeTask } from '../../../src/train/tasks/describe.ts';
import type { TaskContext } from '../../../src/train/tasks/index.ts';
import type { ExtractorIdentity } from '../../../src/vision/extractor.ts';
import { Extractors } from '../../../src/vision/extractors.ts';
import { hogIdentity } from '../../../src/vision/hog.ts';
import { Kernel } from '../../../src/vision/kernel.ts';
import { temporaryFolder } from '../../support/model.ts';
import { numbered } from '../../support/photos.ts';

const limits = { maxBytes: 1e6, maxPixels: 1e6, timeoutMs: 10_000 };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder.remove());

async function described(wanted: ExtractorIdentity) {
  const kernel = Kernel.instantiate(await Kernel.compile());
  const blobs = new BlobStore(join(folder.path, 'blobs'));
  const extractors = new Extractors(kernel, undefined);
  const context = { blobs, extractors, progress: () => undefined, signal: new AbortController().signal };
  const chunk = await blobs.put(packPhotos([{ id: 'p', bytes: await numbered(1) }]));
  return describe(describeTask(chunk, wanted, limits), context as unknown as TaskContext);
}

test('photos are described by exactly the extractor of the run', async () => {
  expect(await described(hogIdentity)).toMatchObject({ value: { problems: [] } });
});

test.each<[string, Partial<ExtractorIdentity>]>([
  ['another version', { version: hogIdentity.version + 1 }],
  ['other parameters', { parametersHash: '0'.repeat(64) }],
  ['an extractor that is not known here', { id: 'later' }],
])('%s: the task is for another node', async (_, change) => {
  await expect(described({ ...hogIdentity, ...change })).rejects.toMatchObject({
    code: 'EXTRACTOR_OTHER',
    disposition: 'retry',
  });
});

test('results of two versions are not taken for each other', () => {
  const keys = [1, 2].map(
    (version) => describeTask({ id: 'c', bytes: 1 }, { ...hogIdentity, version }, limits).key,
  );
  expect(keys[0]).not.toBe(keys[1]);
});
