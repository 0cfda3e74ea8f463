import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { IdMark } from '../../../src/model/tagging/seen-ids.ts';
import { splitsOf, type Split } from '../../../src/model/tagging/splits.ts';
import { withFolder } from '../../support/training-set.ts';

const count = 3_000;

// eslint-disable-next-line @typescript-eslint/require-await -- it stands for a file
async function* marksOf(splits: readonly Split[]): AsyncGenerator<IdMark> {
  for (const { noted } of splits) yield* noted;
}

/** The splits of a file of small photos, behind some of them. */
async function splitsIn(
  folder: string,
  before: readonly Split[] = [],
  isDone: (id: string) => boolean = () => false,
) {
  const file = join(folder, 'pixels');
  const text = Array.from({ length: count }, (_, index) => `p${String(index)}\tZm9v\n`).join('');
  await writeFile(file, text);
  const { next, read } = before.at(-1) ?? { next: { source: 0 }, read: 0 };
  const splits: Split[] = [];
  const options = { maxPhotoBytes: 100, maxPhotos: 256, readBefore: read, parallelism: 2, seed: 1, isDone };
  const sources = [{ kind: 'pixels' as const, file, bytes: text.length }];
  for await (const split of splitsOf(sources, next, { ...options, known: marksOf(before) }))
    splits.push(split);
  return splits;
}

const sizesOf = (splits: readonly Split[]) => splits.map(({ photos }) => photos.length);

test('splits are large, and smaller near the end', async () => {
  await withFolder(async (folder) => {
    const sizes = sizesOf(await splitsIn(folder));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
    expect(sizes.slice(0, 5)).toEqual([256, 256, 256, 256, 256]);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(sizes.at(-2)).toBe(16);
  });
});

test('whoever begins behind any of them gets the others as they were', async () => {
  await withFolder(async (folder) => {
    const all = await splitsIn(folder);
    for (const done of [1, 7, all.length - 2])
      expect(await splitsIn(folder, all.slice(0, done))).toEqual(all.slice(done));
  });
});

test('what is passed over has places to go on from, too', async () => {
  await withFolder(async (folder) => {
    const splits = await splitsIn(folder, [], (id) => id !== 'p2999');
    expect(splits.map(({ passedOver, photos }) => [passedOver.size, photos.length])).toEqual([[2_999, 1]]);
    expect(splits[0]!.noted).toHaveLength(count);
  });
});
