import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenedFeatureStores } from '../../actors/feature-stores-child.ts';
import type { FeatureStores } from '../../src/model/feature-store/feature-store.ts';
import { contentOf, featuresOf, readSnapshot, selectedOf, smallExtractor } from '../support/features.ts';
import { hostileNames } from './tag-store-samples.ts';

type Stores = FeatureStores & OpenedFeatureStores;

/** How the suite gets at one implementation. */
export interface FeatureStoreHarness {
  /** Empty stores, closed. */
  create(): Promise<Stores>;
  /** The same once more, as another process would have them; closed. */
  again(stores: Stores): Stores;
  /** Frees whatever they have used; they are closed. */
  destroy(stores: Stores): Promise<void>;
}

const one = smallExtractor();
const two = { ...one, id: 'hog', dims: 2_400 };
const upTo = { epoch: 1_700_000_000_000, sequence: 9 };

const photo = (id: string, number: number, ...extractors: (typeof one)[]) => ({
  id,
  features: extractors.map((extractor) => ({ extractor, features: featuresOf(number, extractor.dims) })),
});

/** What all feature stores promise; run it on each implementation. */
export function featureStoreContract(name: string, harness: FeatureStoreHarness): void {
  describe(`${name} as a feature store`, () => {
    let stores: Stores;

    beforeEach(async () => {
      stores = await harness.create();
      await stores.open();
    });
    afterEach(async () => {
      await stores.close();
      await harness.destroy(stores);
    });

    const content = async (extractor = one) => (await contentOf(await stores.of(extractor))).content;

    it('has nothing of an extractor that was never used', async () => {
      const store = await stores.of(one);
      expect(store.extractor).toEqual(one);
      expect(await store.has('a')).toBe(false);
      expect(await selectedOf(store, ['a', 'b'])).toEqual([undefined, undefined]);
      expect(await content()).toEqual(new Map());
    });

    it('gives back what it was given, of any photo, by extractor', async () => {
      await stores.append(
        hostileNames.map((id, index) => photo(id, index, ...(index % 2 === 0 ? [one, two] : [one]))),
      );
      const [store, other] = [await stores.of(one), await stores.of(two)];
      expect(await content()).toEqual(new Map(hostileNames.map((id, index) => [id, index])));
      expect(await selectedOf(store, hostileNames)).toEqual(hostileNames.map((_, index) => index));
      expect(await selectedOf(other, hostileNames)).toEqual(
        hostileNames.map((_, index) => (index % 2 === 0 ? index : undefined)),
      );
      for (const [index, id] of hostileNames.entries()) expect(await other.has(id)).toBe(index % 2 === 0);
    });

    it('keeps the versions and parameters of an extractor apart', async () => {
      const others = [
        { ...one, version: 2 },
        { ...one, parametersHash: 'cd'.repeat(32) },
      ];
      await stores.append([photo('a', 1, one), ...others.map((each) => photo('b', 2, each))]);
      expect(await content()).toEqual(new Map([['a', 1]]));
      for (const each of others) expect(await content(each)).toEqual(new Map([['b', 2]]));
    });

    it('replaces what a photo had: its last row counts', async () => {
      await stores.append([photo('a', 1, one), photo('b', 1, one), photo('a', 2, one)]);
      await stores.append([photo('b', 3, one)]);
      expect(await content()).toEqual(
        new Map([
          ['a', 2],
          ['b', 3],
        ]),
      );
    });

    it('takes and gives more than it handles at once', async () => {
      const ids = Array.from({ length: 2_500 }, (_, index) => `photo ${String(index)}`);
      await stores.append(ids.map((id, index) => photo(id, index, one)));
      expect(await content()).toEqual(new Map(ids.map((id, index) => [id, index])));
      const store = await stores.of(one);
      const selection = await store.select([...ids.toReversed(), 'none']);
      expect(selection.places.filter((place) => place !== undefined)).toHaveLength(ids.length);
      await store.release(selection);
    });

    it('refuses what it cannot keep', async () => {
      const odd = { id: 'odd', features: [{ extractor: one, features: { ...featuresOf(1), scale: NaN } }] };
      await expect(stores.append([odd])).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      const long = { id: 'long', features: [{ extractor: one, features: featuresOf(1, 5) }] };
      await expect(stores.append([long])).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(stores.append([photo('a\nb', 1, one)])).rejects.toMatchObject({ code: 'PHOTO_ID' });
      await stores.append([]);
      expect(await content()).toEqual(new Map());
    });

    it('removes a photo of all extractors, and says how many rows that were', async () => {
      await stores.append([photo('a', 1, one, two), photo('b', 2, one)]);
      expect(await stores.remove('a', upTo)).toBe(2);
      expect(await stores.remove('a', upTo)).toBe(0);
      expect([await content(), await content(two)]).toEqual([new Map([['b', 2]]), new Map()]);
    });

    it('keeps readable what somebody reads, and no longer', async () => {
      await stores.append([photo('a', 1, one), photo('b', 2, one)]);
      const store = await stores.of(one);
      const snapshot = await store.snapshot();
      const selection = await store.select(['a']);
      await stores.remove('a', upTo);
      await stores.append([photo('b', 3, one)]);
      expect((await readSnapshot(snapshot)).content).toEqual(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      );
      expect(selection.places[0]).toBeDefined();
      await store.release(snapshot);
      await store.release(snapshot);
      await store.release(selection);
      expect(await content()).toEqual(new Map([['b', 3]]));
    });

    it('stores nothing of a photo that was removed since somebody looked', async () => {
      const watch = stores.watchRemovals();
      const later = stores.watchRemovals();
      later.end();
      await stores.remove('a', upTo);
      await stores.append([photo('a', 1, one), photo('b', 2, one)], watch.removed);
      watch.end();
      expect(later.removed.size).toBe(0);
      expect(await content()).toEqual(new Map([['b', 2]]));
    });

    it('is away while it is closed, and has then what it answered for', async () => {
      await stores.append([photo('a', 1, one)]);
      await stores.close();
      await stores.close();
      await expect(stores.of(one)).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
      await expect(stores.append([photo('b', 1, one)])).rejects.toMatchObject({
        code: 'FEATURES_UNAVAILABLE',
      });
      await expect(stores.remove('a', upTo)).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
      stores = harness.again(stores);
      await stores.open();
      expect(await content()).toEqual(new Map([['a', 1]]));
    });
  });
}
