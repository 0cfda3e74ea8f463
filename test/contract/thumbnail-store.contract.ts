import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhotoThumbnail, ThumbnailStore } from '../../src/store/thumbnail-store.ts';
import { hostileNames } from './tag-store-samples.ts';

/** How the suite gets at one implementation. */
export interface ThumbnailStoreHarness {
  /** An empty store. */
  create(): Promise<ThumbnailStore>;
  /** Opens what a store that has ended has left. */
  reopen(store: ThumbnailStore): Promise<ThumbnailStore>;
  /** Frees whatever the store has used. */
  destroy(store: ThumbnailStore): Promise<void>;
}

const at = (sequence: number, epoch = 1_700_000_000_000) => ({ epoch, sequence });

/** A thumbnail that tells its sequence. */
function thumbnail(photoId: string, sequence: number, bytes = 100): PhotoThumbnail {
  return { photoId, submission: at(sequence), webp: picture(sequence, bytes) };
}

function picture(sequence: number, bytes = 100): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + sequence) % 256);
}

/** What every thumbnail store promises; run it on each implementation. Tests share a store: each has ids of its own. */
export function thumbnailStoreContract(name: string, harness: ThumbnailStoreHarness): void {
  describe(`${name} as a thumbnail store`, () => {
    let store: ThumbnailStore;

    beforeAll(async () => {
      store = await harness.create();
    });
    afterAll(async () => {
      await harness.destroy(store);
    });

    it('gives back the bytes that it was given, of any photo and any size', async () => {
      const batch = hostileNames.map((id, index) => thumbnail(id, index, 1 + index * 977));
      await store.put([...batch, thumbnail('large', 7, 500_000)]);
      for (const { photoId, webp } of batch) expect(await store.get(photoId)).toEqual(webp);
      expect(await store.get('large')).toEqual(picture(7, 500_000));
    });

    it('has none of a photo that it was never given', async () => {
      expect(await store.get('never')).toBeUndefined();
      expect(await store.forget('never', at(9))).toBe(false);
    });

    it('takes an empty batch, and refuses what is no id', async () => {
      await store.put([]);
      await expect(store.put([thumbnail('a\nb', 1)])).rejects.toMatchObject({ code: 'PHOTO_ID' });
      await expect(store.get('')).rejects.toMatchObject({ code: 'PHOTO_ID' });
    });

    it('replaces one with that of the same or a later submission, and no other', async () => {
      await store.put([thumbnail('r', 5)]);
      await store.put([{ ...thumbnail('r', 5), webp: picture(50) }]);
      expect(await store.get('r')).toEqual(picture(50));
      await store.put([thumbnail('r', 4)]);
      expect(await store.get('r')).toEqual(picture(50));
      await store.put([thumbnail('r', 6)]);
      expect(await store.get('r')).toEqual(picture(6));
      await store.put([{ photoId: 'r', submission: at(1, 1_700_000_000_001), webp: picture(9) }]);
      expect(await store.get('r')).toEqual(picture(9));
    });

    it('removes one that a later submission without a thumbnail has outdated, and no other', async () => {
      await store.put([thumbnail('o', 5)]);
      for (const sequence of [4, 5]) await store.put([{ photoId: 'o', submission: at(sequence) }]);
      expect(await store.get('o')).toEqual(picture(5));
      await store.put([{ photoId: 'o', submission: at(6) }]);
      expect(await store.get('o')).toBeUndefined();
    });

    it('forgets up to a submission, and takes later ones', async () => {
      await store.put([thumbnail('f', 5)]);
      expect(await store.forget('f', at(4))).toBe(false);
      expect(await store.get('f')).toEqual(picture(5));
      expect(await store.forget('f', at(5))).toBe(true);
      expect(await store.get('f')).toBeUndefined();
      expect(await store.forget('f', at(5))).toBe(false);
      await store.put([thumbnail('f', 6)]);
      expect(await store.get('f')).toEqual(picture(6));
    });

    it('ends with the latest submission of each photo, in whatever batches they came', async () => {
      const step = fc.record({
        photo: fc.constantFrom('a', 'b', 'c'),
        sequence: fc.integer({ min: 1, max: 9 }),
        size: fc.integer({ min: 1, max: 300 }),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 5 }), async (batches) => {
          run += 1;
          const idOf = (photo: string) => `${photo} ${String(run)}`;
          const expected = new Map<string, { sequence: number; webp: Uint8Array }>();
          for (const batch of batches) {
            await store.put(batch.map(({ photo, sequence, size }) => thumbnail(idOf(photo), sequence, size)));
            for (const { photo, sequence, size } of batch)
              if (sequence >= (expected.get(photo)?.sequence ?? 0))
                expected.set(photo, { sequence, webp: picture(sequence, size) });
          }
          for (const photo of ['a', 'b', 'c'])
            expect(await store.get(idOf(photo))).toEqual(expected.get(photo)?.webp);
        }),
        { numRuns: 30 },
      );
    });

    it('says how much it keeps', async () => {
      const before = (await store.stats()).bytes;
      await store.put(Array.from({ length: 8 }, (_, index) => thumbnail(`s${String(index)}`, 1, 60_000)));
      expect((await store.stats()).bytes).toBeGreaterThan(before + 400_000);
    });

    it('has after a crash and after a close what it answered for', async () => {
      let other = await harness.create();
      try {
        await other.put([thumbnail('k', 1)]);
        await other.kill();
        expect(await other.exited).toMatchObject({ code: 'STORE_UNAVAILABLE' });
        await expect(other.get('k')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        other = await harness.reopen(other);
        expect(await other.get('k')).toEqual(picture(1));
        await other.close();
        expect(await other.exited).toBeUndefined();
        other = await harness.reopen(other);
        expect(await other.get('k')).toEqual(picture(1));
      } finally {
        await harness.destroy(other);
      }
    });
  });
}
