import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/base/errors.ts';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { FeatureBlockReader, putFeatureBlock } from '../../../src/model/training-set/feature-block.ts';
import { LabelBlockReader, putLabelBlock } from '../../../src/model/training-set/label-block.ts';
import { LabelRows, negative, positive, unlabelled } from '../../../src/model/training-set/label-rows.ts';
import { withFolder } from '../../support/training-set.ts';

const extractor = { id: 'lite0', version: 1, dims: 3, parametersHash: 'a'.repeat(64) };

function code(error: unknown): string {
  return (error as Fault).code;
}

describe('FeatureBlockReader', () => {
  const block = {
    extractor,
    ids: ['one', 'zwei "\\', '三'],
    scales: Float32Array.of(0, 1, 2, 3, 4, 5),
    values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  };

  it('gives back the rows, some at a time', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(folder);
      const ref = await putFeatureBlock(blobs, block);
      const reader = await FeatureBlockReader.open(blobs.path(ref.id));
      expect([reader.rows, reader.dims]).toEqual([3, 3]);
      expect(await reader.ids()).toEqual(block.ids);
      expect(await reader.extractor()).toEqual(extractor);
      const into = { values: new Uint8Array(6), scales: new Float32Array(4) };
      await reader.read(1, 2, into);
      expect([...into.values]).toEqual([4, 5, 6, 7, 8, 9]);
      expect([...into.scales]).toEqual([2, 3, 4, 5]);
      await expect(reader.read(2, 2, into)).rejects.toThrow(RangeError);
      await reader.close();
      expect(await putFeatureBlock(blobs, block)).toEqual(ref);
    });
  });

  it('refuses what is cut off, changed or something else', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(folder);
      const good = await readFile(blobs.path((await putFeatureBlock(blobs, block)).id));
      const file = join(folder, 'bad');
      const wrongRows = Buffer.from(good);
      wrongRows.writeUInt32LE(0xffffffff, 12);
      for (const bytes of [good.subarray(0, 10), good.subarray(0, -1), Buffer.alloc(40), wrongRows]) {
        await writeFile(file, bytes);
        expect(code(await FeatureBlockReader.open(file).catch((error: unknown) => error))).toBe(
          'BLOB_DAMAGED',
        );
      }
      const missing = await FeatureBlockReader.open(join(folder, 'none')).catch((error: unknown) => error);
      expect(code(missing)).toBe('NOT_FOUND');
    });
  });
});

describe('LabelBlockReader', () => {
  it('refuses what is cut off, or names classes and rows that it does not have', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(folder);
      const rows = new LabelRows(1_000);
      rows.add({ entries: [4 * 7 + positive], isComplete: false });
      rows.add({ entries: [4 * 9 + negative], isComplete: false });
      const good = await readFile(blobs.path((await putLabelBlock(blobs, rows)).id));
      const entries = 32 + 8_000 + 12;
      const wrongClass = Buffer.from(good);
      wrongClass.writeUInt32LE(4_000, entries);
      const wrongStart = Buffer.from(good);
      wrongStart.writeUInt32LE(9, entries - 8);
      const file = join(folder, 'bad');
      for (const bytes of [good.subarray(0, 31), good.subarray(0, -1), wrongClass, wrongStart]) {
        await writeFile(file, bytes);
        expect(code(await LabelBlockReader.open(file).catch((error: unknown) => error))).toBe('BLOB_DAMAGED');
      }
    });
  });

  it('takes a byte or so for a photo whose labels are complete, however many classes', async () => {
    await withFolder(async (folder) => {
      const blobs = new BlobStore(folder);
      const rows = new LabelRows(10_000);
      for (let row = 0; row < 100; row++) rows.add({ entries: [4 * row + positive], isComplete: true });
      rows.add({ entries: [unlabelled], isComplete: true });
      const { id, bytes } = await putLabelBlock(blobs, rows);
      expect(bytes).toBeLessThan(32 + 80_000 + 1_000);
      const reader = await LabelBlockReader.open(blobs.path(id));
      expect(reader.negatives[0]).toBe(99);
      expect(reader.negatives[500]).toBe(101);
      expect(reader.positives[99]).toBe(1);
    });
  });
});
