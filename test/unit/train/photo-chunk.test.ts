import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksOf, packPhotos, unpackPhotos, type RawPhoto } from '../../../src/train/photo-chunk.ts';

const photo = fc.record({ id: fc.string({ unit: 'grapheme' }), bytes: fc.uint8Array({ maxLength: 40 }) });

const plain = (photos: readonly RawPhoto[]) => photos.map(({ id, bytes }) => ({ id, bytes: [...bytes] }));

describe('a chunk of photos', () => {
  test('has the photos that were put into it', () => {
    fc.assert(
      fc.property(fc.array(photo), (photos) => {
        expect(plain(unpackPhotos(Buffer.concat(packPhotos(photos))))).toEqual(plain(photos));
      }),
    );
  });

  test('that is cut off is noticed, unless it is cut between two photos', () => {
    const photos = [
      { id: 'a', bytes: Uint8Array.of(1, 2, 3) },
      { id: 'ü', bytes: Uint8Array.of() },
    ];
    const [whole, first] = [Buffer.concat(packPhotos(photos)), Buffer.concat(packPhotos(photos.slice(0, 1)))];
    for (let length = 1; length < whole.length; length += 1) {
      const read = () => plain(unpackPhotos(whole.subarray(0, length)));
      if (length === first.length) expect(read()).toEqual(plain(photos.slice(0, 1)));
      else expect(read).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
  });
});

describe('chunks', () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- it stands for a reader of files
  async function* photosOf(sizes: readonly number[]): AsyncIterable<RawPhoto> {
    for (const [index, size] of sizes.entries()) yield { id: String(index), bytes: new Uint8Array(size) };
  }

  const lengthsOf = async (sizes: readonly number[]) => {
    const lengths: number[] = [];
    for await (const chunk of chunksOf(photosOf(sizes))) lengths.push(chunk.length);
    return lengths;
  };

  test('are full but for the last', async () => {
    expect(await lengthsOf(Array.from({ length: 600 }, () => 1))).toEqual([256, 256, 88]);
    expect(await lengthsOf(Array.from({ length: 256 }, () => 1))).toEqual([256]);
    expect(await lengthsOf([])).toEqual([]);
  });

  test('are bounded by bytes, with a photo at least', async () => {
    const mebibyte = 1024 * 1024;
    expect(await lengthsOf([5 * mebibyte, 5 * mebibyte, 1, 20 * mebibyte, 20 * mebibyte])).toEqual([2, 2, 1]);
  });
});
