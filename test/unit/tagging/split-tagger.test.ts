import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SplitTagger } from '../../../actors/split-tagger.ts';
import { Fault } from '../../../src/base/errors.ts';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { unpackPhotos } from '../../../src/train/photo-chunk.ts';
import type { Task } from '../../../src/train/task.ts';
import { withFolder } from '../../support/training-set.ts';

/** Tags photos by their ids; a task with one called `poison` is lost with its thread, for the reason `cause`. */
async function taggedIn(folder: string, ids: readonly string[], cause = 'TASK_LOST') {
  const blobs = new BlobStore(join(folder, 'blobs'));
  const forgotten: string[] = [];
  let runs = 0;
  const tasks = {
    run: async ({ key, inputs }: Task) => {
      runs += 1;
      const photos = unpackPhotos(await blobs.read(inputs[0]!.id));
      if (photos.some(({ id }) => id === 'poison'))
        throw new Fault('TASK_EXHAUSTED', { task: key, attempts: 5, reason: 'it ended', cause });
      const lines = photos.map(({ id }) => `${id}\t{}\n`).join('');
      return {
        outputs: [await blobs.put([Buffer.from(lines)])],
        value: { photos: photos.length, problems: [] },
      };
    },
    forget: ({ key }: Task) => {
      forgotten.push(key);
      return Promise.resolve();
    },
  };
  const tagger = new SplitTagger({
    tasks,
    blobs,
    limits: { maxBytes: 1e6, maxPixels: 1e6, timeoutMs: 1_000 },
    model: { id: '0'.repeat(64), bytes: 1 },
    scores: 'tags',
    signal: new AbortController().signal,
  });
  const photos = ids.map((id) => ({ id, bytes: Buffer.from(id), file: 'f', next: { source: 0 }, share: 0 }));
  const split = {
    photos,
    problems: [],
    noted: [],
    passedOver: new Set<string>(),
    next: { source: 1 },
    share: 1,
    read: 1,
  };
  const parts = await tagger.tag(await tagger.pack(split));
  const lines = (await tagger.lines(parts)).toString();
  await tagger.release(parts);
  const left = await readdir(blobs.folder);
  return { lines, problems: parts.flatMap((part) => part.problems), left, runs, forgotten };
}

test('a photo that ends its thread is found by halves; the others have their lines, in their order', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => (index === 13 ? 'poison' : `p${String(index)}`));
  await withFolder(async (folder) => {
    const { lines, problems, left, runs, forgotten } = await taggedIn(folder, ids);
    expect(lines.split('\n').map((line) => line.split('\t')[0])).toEqual([
      ...ids.filter((id) => id !== 'poison'),
      '',
    ]);
    expect(problems).toMatchObject([{ id: 'poison', code: 'TASK_EXHAUSTED' }]);
    expect(left).toEqual([]);
    expect(forgotten).toHaveLength(runs);
  });
});

test('what no photo is to blame for ends the run', async () => {
  await withFolder(async (folder) => {
    await expect(taggedIn(folder, ['a', 'poison'], 'DISK_FULL')).rejects.toMatchObject({
      code: 'TASK_EXHAUSTED',
    });
  });
});
