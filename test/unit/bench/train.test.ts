import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DescribedPart, DescribedSet } from '../../../bench/train/described-set.ts';
import { growthOf } from '../../../bench/train/growth.ts';
import { judge, modelMargins } from '../../../bench/train/judge.ts';
import { readLabels, readPhotos, setFiles } from '../../../bench/train/labelled-set.ts';
import { madeSet } from '../../../bench/train/made-set.ts';
import { photoTrainingSet } from '../../../bench/train/photo-training-set.ts';
import { trainInProcess } from '../../../bench/train/training-process.ts';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { quantiseFeatures } from '../../../src/vision/quantised-features.ts';
import { seeded } from '../../support/random.ts';
import { withFolder } from '../../support/training-set.ts';

const dims = 32;
const classes = ['even', 'odd', 'large'];

/** Photos whose classes can be seen in their first two features. */
function describedPart(name: string, photos: number): DescribedPart {
  const random = seeded(photos);
  const rows = Array.from({ length: photos }, (_, row) => {
    const large = random.below(4) > 0;
    const features = Float32Array.from({ length: dims }, () => random.fraction());
    features[0]! += row % 2;
    features[1]! += large ? 1 : 0;
    return {
      features: quantiseFeatures(features),
      labels: [row % 2 ? -1 : 1, row % 2 ? 1 : -1, large ? 1 : -1],
    };
  });
  return {
    ids: rows.map((_, row) => `${name}-${String(row)}`),
    values: Uint8Array.from(rows.flatMap(({ features }) => [...features.values])),
    scales: Float32Array.from(rows.flatMap(({ features: { offset, scale } }) => [offset, scale])),
    labels: Int8Array.from(rows.flatMap(({ labels }) => labels)),
  };
}

const described: DescribedSet = {
  folder: '',
  extractor: { id: 'lite0', version: 1, dims, parametersHash: '0'.repeat(64) },
  classes,
  train: describedPart('train', 2_000),
  test: describedPart('test', 500),
};

describe('the bench of training', () => {
  it('trains in a process of its own, and judges what comes out', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(join(folder, 'set'));
      const set = await photoTrainingSet(blobs, described);
      expect(set.learn.reduce((sum, { rows }) => sum + rows, 0)).toBe(1_800);
      const place = { blobs, folder: join(folder, 'run'), threads: 1 };
      const { costs, model } = await trainInProcess(set, place);
      expect(Object.keys(costs.steps)).toEqual([
        'statistics',
        'whiten',
        'preview',
        'learn',
        'calibrate',
        'finish',
      ]);
      expect(costs.previewSeconds).toBeLessThan(costs.seconds);
      expect(costs.peakRssMib).toBeGreaterThan(50);
      const verdict = judge(described, await modelMargins(model, described));
      expect(verdict.map).toBeGreaterThan(0.95);
      expect(verdict.top1).toBeGreaterThan(0.95);
    });
  });

  it('makes up sets of as many labels as it says, that can be learned', async () => {
    await withFolder(async (folder) => {
      const place = { real: described, blobs: new BlobStore(join(folder, 'blobs')), notes: folder };
      const size = { rows: 3_000, classes: 9, dims: 24 };
      const set = await madeSet(size, place);
      const of = (part: 'counts' | 'heldOutCounts', sign: 'positives' | 'negatives') => set[part][sign];
      expect(
        of('counts', 'positives').map((count, at) => count + of('heldOutCounts', 'positives')[at]!),
      ).toEqual(Array.from({ length: 9 }, () => 100));
      expect(
        of('counts', 'negatives').map((count, at) => count + of('heldOutCounts', 'negatives')[at]!),
      ).toEqual(Array.from({ length: 9 }, () => 1_000));
      expect(await madeSet(size, place)).toEqual(set);
      const run = { blobs: place.blobs, folder: join(folder, 'run'), threads: 1 };
      const { heldOut } = (await trainInProcess(set, run)).costs;
      expect(heldOut.meanAveragePrecision).toBeGreaterThan(0.6);
    });
  });

  it('reads photos and labels in the formats of the product', async () => {
    await withFolder(async (folder) => {
      await mkdir(folder, { recursive: true });
      const files = setFiles(folder, 'test');
      await writeFile(files.pixels, gzipSync('a\tAQI=\nb\tAw==\n'));
      await writeFile(files.labels, gzipSync('cat\ta\tTRUE\ncat\tb\tFALSE\ndog\tb\tTRUE\ndog\tz\tTRUE\n'));
      const photos: unknown[] = [];
      for await (const { id, bytes } of readPhotos(folder, 'test')) photos.push([id, [...bytes]]);
      expect(photos).toEqual([
        ['a', [1, 2]],
        ['b', [3]],
      ]);
      const { classes: names, labels } = await readLabels(folder, 'test', ['a', 'b']);
      expect(names).toEqual(['cat', 'dog']);
      expect([...labels]).toEqual([1, 0, -1, 1]);
    });
  });

  it('tells how time grows', () => {
    const curve = (power: number) => [1, 2, 4, 8].map((x) => [x, 3 * x ** power] as const);
    expect(growthOf(curve(1))).toBeCloseTo(1);
    expect(growthOf(curve(2.5))).toBeCloseTo(2.5);
  });
});
