import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { arrayOf, putBundle, readBundle } from '../../../src/train/array-bundle.ts';
import { withFolder } from '../../support/training-set.ts';

const withBlobs = (use: (blobs: BlobStore) => Promise<void>) =>
  withFolder((folder) => use(new BlobStore(join(folder, 'blobs'))));

const arrays = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 9 }),
    fc.float32Array({ maxLength: 9 }),
    fc.float64Array({ maxLength: 9 }),
  ),
  { maxLength: 5 },
);

describe('a bundle of arrays', () => {
  test('is read as it was stored, the bits of numbers included', async () => {
    await withBlobs(async (blobs) => {
      await fc.assert(
        fc.asyncProperty(arrays, fc.string({ unit: 'grapheme' }), async (stored, text) => {
          const ref = await putBundle(blobs, { kind: 'some', meta: { text }, arrays: stored });
          const { meta, arrays: read } = await readBundle(blobs, ref, 'some');
          expect(meta).toEqual({ text });
          expect(read.map(bytesOf)).toEqual(stored.map(bytesOf));
          expect(read.map(({ constructor }) => constructor)).toEqual(
            stored.map(({ constructor }) => constructor),
          );
        }),
        { numRuns: 30 },
      );
    });
  });

  test('is not read for something else, nor an array for one of another type', async () => {
    await withBlobs(async (blobs) => {
      const ref = await putBundle(blobs, { kind: 'sums', meta: null, arrays: [Float32Array.of(1)] });
      await expect(readBundle(blobs, ref, 'whitening')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
      const bundle = await readBundle(blobs, ref, 'sums');
      expect([...arrayOf(bundle, 0, 'f32')]).toEqual([1]);
      for (const [index, type] of [
        [0, 'f64'],
        [1, 'f32'],
      ] as const)
        expect(() => arrayOf(bundle, index, type)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    });
  });

  test('that is no bundle, or cut, or has a header that lies is refused', async () => {
    await withBlobs(async (blobs) => {
      const array = Float64Array.of(1, 2, 3);
      const whole = await blobs.read(
        (await putBundle(blobs, { kind: 'sums', meta: null, arrays: [array] })).id,
      );
      const header = (text: string, length = text.length) => {
        const preamble = Buffer.from(whole.subarray(0, 16));
        preamble.writeBigUInt64LE(BigInt(length), 8);
        return Buffer.concat([preamble, Buffer.from(text), Buffer.alloc(64)]);
      };
      const described = (length: number) =>
        JSON.stringify({ kind: 'sums', meta: null, arrays: [{ type: 'f64', length }] });
      const contents = [
        Buffer.alloc(0),
        Buffer.alloc(64),
        whole.subarray(0, 12),
        whole.subarray(0, -1),
        header('{}      ', 1e15),
        header('not json'),
        header(described(1_000).padEnd(80)),
        header(described(1).padEnd(81)),
        header(described(-1).padEnd(80)),
      ];
      for (const content of contents) {
        const ref = await blobs.put([content]);
        await expect(readBundle(blobs, ref, 'sums')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
      }
    });
  });
});

function bytesOf(array: Uint8Array | Float32Array | Float64Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
