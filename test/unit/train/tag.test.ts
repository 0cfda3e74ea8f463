import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { LastModel } from '../../../src/model/last-model.ts';
import { writeModel } from '../../../src/model/model-writer.ts';
import { packPhotos } from '../../../src/train/photo-chunk.ts';
import type { TaskContext } from '../../../src/train/tasks/index.ts';
import { tag, tagTask } from '../../../src/train/tasks/tag.ts';
import { Extractors } from '../../../src/vision/extractors.ts';
import { hogIdentity } from '../../../src/vision/hog.ts';
import { Kernel } from '../../../src/vision/kernel.ts';
import { blockContents, modelContents, temporaryFolder } from '../../support/model.ts';
import { numbered } from '../../support/photos.ts';

const limits = { maxBytes: 1e6, maxPixels: 1e6, timeoutMs: 10_000 };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let blobs: BlobStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  blobs = new BlobStore(join(folder.path, 'blobs'));
});

afterEach(() => folder.remove());

/** Tags a photo with a model that was trained on features of some version of `hog`. */
async function tagged(version: number) {
  const kernel = Kernel.instantiate(await Kernel.compile());
  const extractors = new Extractors(kernel, undefined);
  const context = {
    kernel,
    blobs,
    extractors,
    models: new LastModel(),
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  const file = join(folder.path, 'test.model');
  const block = blockContents(['cat', 'dog'], hogIdentity.dims);
  await writeModel(file, modelContents({ ...block, extractor: { ...hogIdentity, version } }));
  const model = await blobs.put([await readFile(file)]);
  const chunk = await blobs.put(packPhotos([{ id: 'p', bytes: await numbered(1) }]));
  const { outputs } = await tag(tagTask(chunk, model, 'all', limits), context as unknown as TaskContext);
  return (await blobs.read(outputs[0]!.id)).toString();
}

test('a file is tagged by a model of the version of features that threads compute', async () => {
  expect(await tagged(hogIdentity.version)).toMatch(/^p\t\{".*\n$/);
});

test('a file is not tagged by a model of another version, though it has as many features', async () => {
  await expect(tagged(1)).rejects.toMatchObject({
    code: 'MODEL_EXTRACTOR',
    message: expect.stringMatching(
      /^The model was trained on features of hog version 1 \(.*\), not of hog version 2 /,
    ) as string,
  });
});
