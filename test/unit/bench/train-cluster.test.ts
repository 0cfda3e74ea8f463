import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { nodeUse } from '../../../bench/train-cluster/node-use.ts';
import { cutPhotos } from '../../../bench/train-cluster/photo-parts.ts';
import { judgeScores, judgeTags } from '../../../bench/train-cluster/tag-judge.ts';
import { setFiles } from '../../../bench/train/labelled-set.ts';
import { withFolder } from '../../support/training-set.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

async function writeSet(folder: string, photos: number, labels: readonly string[]): Promise<void> {
  for (const part of ['train', 'test'] as const) {
    const files = setFiles(folder, part);
    const pixels = numbers(photos).map((index) => `p${String(index)}\tAQI=\n`);
    await writeFile(files.pixels, gzipSync(pixels.join('')));
    await writeFile(files.labels, gzipSync(labels.map((line) => `${line}\n`).join('')));
  }
}

describe('the bench of training on a cluster', () => {
  it('tells where the time of a run went', () => {
    const task = (kind: string, node: string, from: number, endSeconds: number) => ({
      kind,
      node,
      endSeconds,
      seconds: endSeconds - from,
    });
    const tasks = [
      task('describe', 'n1', 1, 3),
      task('describe', 'n2', 1, 4),
      task('describe', 'n1', 3, 5),
      task('whiten', 'n1', 6, 8),
    ];
    const use = nodeUse({ seconds: 10, steps: {}, tasks, model: '', evaluation: undefined });
    expect(use).toEqual({
      tasks: {
        n1: { describe: { count: 2, seconds: 4 }, whiten: { count: 1, seconds: 2 } },
        n2: { describe: { count: 1, seconds: 3 } },
      },
      together: 3,
      alone: 3,
      none: 4,
      transfers: 1,
    });
  });

  it('cuts photos and labels into what is there first, what comes later, and a class that is new', async () => {
    await withFolder(async (folder) => {
      const ids = numbers(20).map((index) => `p${String(index)}`);
      await writeSet(folder, 20, [
        ...ids.map((id) => `cat\t${id}\tTRUE`),
        ...ids.map((id) => `dog\t${id}\tFALSE`),
      ]);
      const { all, first, rest, newClass, test } = await cutPhotos(folder, join(folder, 'cut'));
      expect([all, first, rest, test].map(({ photos }) => photos)).toEqual([20, 18, 2, 20]);
      const linesOf = async (file: string) =>
        gunzipSync(await readFile(file))
          .toString()
          .split('\n')
          .filter((line) => line !== '');
      expect(await linesOf(rest.pixels)).toEqual(['p9\tAQI=', 'p19\tAQI=']);
      expect(await linesOf(rest.labels)).toEqual(['dog\tp9\tFALSE', 'dog\tp19\tFALSE']);
      expect(newClass.name).toBe('cat');
      expect(await linesOf(newClass.labels)).toHaveLength(20);
      expect(await linesOf(all.labels)).toHaveLength(40);
    });
  });

  it('judges files of tags by the labels of their photos', async () => {
    await withFolder(async (folder) => {
      await writeSet(folder, 4, [
        ...['p0\tTRUE', 'p1\tFALSE', 'p2\tTRUE'].map((line) => `cat\t${line}`),
        ...['p0\tFALSE', 'p1\tTRUE', 'p2\tFALSE', 'p3\tFALSE'].map((line) => `dog\t${line}`),
      ]);
      const file = join(folder, 'tags.tsv');
      const all = ['0.9', '0.25', '0.5', '0.7'].map(
        (cat, photo) => `p${String(photo)}\t{"dog": 0.5, "cat": ${cat}}`,
      );
      await writeFile(file, `${all.join('\n')}\n`);
      const scores = await judgeScores(folder, file);
      expect(scores.averagePrecisions['cat']).toBe(1);
      // A pair a bin: each is off by its own distance.
      expect(scores.calibrationError).toBeCloseTo((0.1 + 0.25 + 0.5 + 4 * 0.5) / 7);
      await writeFile(file, 'p0\t{"cat": 0.9, "dog": 0.8}\np1\t{}\np2\t{"cat": 0.7}\np3\t{"cat": 0.7}\n');
      expect(await judgeTags(folder, file)).toEqual({ precision: 2 / 3, recall: 2 / 3, shownPerPhoto: 0.75 });
    });
  });
});
