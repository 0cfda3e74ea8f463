import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxCorrections } from '../../src/store/corrections.ts';
import type { Correction, CorrectionRequest } from '../../src/store/corrections.ts';
import { parseSearchQuery } from '../../src/store/search-query.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import type { TagStoreHarness } from './tag-store-harness.ts';
import { hostileNames, rescoredBatch, result } from './tag-store-samples.ts';

/** What every tag store promises of corrections; run it on each implementation. */
export function correctionContract(name: string, harness: TagStoreHarness): void {
  describe(`corrections of tags in ${name}`, () => {
    let store: TagStore;
    const found = async (query: string) =>
      (await store.search(parseSearchQuery(query), { limit: 100 })).hits.map(({ photoId }) => photoId);
    const submitted = (sequence: number) => ({ submission: { epoch: 1_700_000_000_000, sequence } });

    beforeAll(async () => {
      store = await harness.create();
    });
    afterAll(async () => {
      await harness.destroy(store);
    });

    const say = (photoId: string, tags: Record<string, 'accept' | 'reject' | 'none'>, at = 1) =>
      store.correct({
        photoId,
        tags: Object.entries(tags).map(([tag, verdict]) => ({ tag, verdict })),
        by: 'ann',
        at,
      });
    const shown = async (id: string) => (await store.get(id))?.tags;
    const user = (tag: string) => ({ tag, score: 1, by: 'user' });

    it('hides what is rejected and shows what is accepted, as soon as it is answered', async () => {
      await store.write([result('c1', { 'c cat': 0.9, 'c dog': 0.8, 'c sofa': 0.2 })]);
      const { postings } = await store.stats();
      expect(await say('c1', { 'c cat': 'reject', 'c sofa': 'accept', 'c never': 'accept' })).toBe(true);
      const corrections = [
        { tag: 'c cat', verdict: 'reject', by: 'ann', at: 1 },
        { tag: 'c never', verdict: 'accept', by: 'ann', at: 1 },
        { tag: 'c sofa', verdict: 'accept', by: 'ann', at: 1 },
      ];
      const tags = [user('c never'), user('c sofa'), { tag: 'c dog', score: 0.8 }];
      expect(await store.get('c1')).toMatchObject({ tags, corrections });
      expect((await store.stats()).postings).toBe(postings);
      expect(await found('"c cat"')).toEqual([]);
      expect(await found('"c sofa" "c never" score>=1')).toEqual(['c1']);
      const { hits } = await store.search(parseSearchQuery('"c dog" -"c cat"'), { limit: 1 });
      expect(hits).toMatchObject([{ photoId: 'c1', score: 0.8, tags, corrections }]);
    });

    it('shows the word of the machine again once it is taken back', async () => {
      const before = result('c2', { 'c2 cat': 0.9, 'c2 dog': 0.8 });
      await store.write([before]);
      await say('c2', { 'c2 cat': 'reject', 'c2 dog': 'accept', 'c2 never': 'accept' });
      await say('c2', { 'c2 cat': 'none', 'c2 dog': 'none', 'c2 never': 'none', 'c2 nothing': 'none' }, 2);
      expect(await store.get('c2')).toEqual(before);
      expect(await found('"c2 cat" score>=0.9')).toEqual(['c2']);
      expect(await found('"c2 dog" score>0.8')).toEqual([]);
      expect(await found('"c2 never"')).toEqual([]);
      expect((await corrected(store, 10)).filter(([id]) => id === 'c2')).toEqual([]);
    });

    it('takes tags for one that searches take for one, and the later word for the one that counts', async () => {
      await store.write([result('c3', { 'C3 Cat': 0.9, 'c3 cat': 0.8 })]);
      await say('c3', { 'c3 CAT': 'reject' });
      expect(await shown('c3')).toEqual([]);
      await say('c3', { 'c3 cat': 'accept' }, 2);
      expect(await shown('c3')).toEqual([user('c3 cat')]);
      expect((await store.get('c3'))?.corrections).toHaveLength(1);
      expect(await found('"c3 cat" score>=1')).toEqual(['c3']);
    });

    it('wins over every later model and every later upload', async () => {
      const first = result('c4', { 'c4 cat': 0.9 });
      await store.write([first]);
      await say('c4', { 'c4 cat': 'reject', 'c4 dog': 'accept' });
      const again = { ...first, activation: 2, tags: [{ tag: 'c4 cat', score: 0.95 }] };
      expect(await store.rescore(rescoredBatch([again]))).toEqual(['changed']);
      expect(await store.rescore(rescoredBatch([{ ...again, activation: 3 }]))).toEqual(['same']);
      expect(await shown('c4')).toEqual([user('c4 dog')]);
      await store.write([result('c4', { 'c4 dog': 0.5, 'c4 cat': 0.4, 'c4 sofa': 0.3 }, submitted(2))]);
      expect(await shown('c4')).toEqual([user('c4 dog'), { tag: 'c4 sofa', score: 0.3 }]);
      expect(await found('"c4 cat"')).toEqual([]);
      expect(await found('"c4 dog" "c4 sofa"')).toEqual(['c4']);
      await say('c4', { 'c4 cat': 'none', 'c4 dog': 'none' });
      expect(await found('"c4 cat" "c4 dog" score>0.39')).toEqual(['c4']);
      expect(await found('"c4 dog" score>0.5')).toEqual([]);
    });

    it('outlives a model that says nothing of the photo', async () => {
      const first = result('c6', { 'c6 cat': 0.9 });
      await store.write([first]);
      await say('c6', { 'c6 dog': 'accept' });
      const silent = { ...first, activation: 2, tags: [] };
      expect(await store.rescore(rescoredBatch([silent]))).toEqual(['changed']);
      expect(await shown('c6')).toEqual([user('c6 dog')]);
      await say('c6', { 'c6 dog': 'none' });
      expect(await shown('c6')).toEqual([]);
    });

    it('is forgotten with the photo, also where the photo comes again', async () => {
      const before = await store.stats();
      await store.write([result('c5', { 'c5 cat': 0.9 })]);
      await say('c5', { 'c5 cat': 'reject', 'c5 dog': 'accept' });
      await store.forget('c5');
      expect(await found('"c5 dog"')).toEqual([]);
      expect(await store.stats()).toMatchObject({ tags: before.tags, postings: before.postings });
      expect(await say('c5', { 'c5 cat': 'reject' })).toBe(false);
      const again = result('c5', { 'c5 cat': 0.9 }, submitted(2));
      await store.write([again]);
      expect(await store.get('c5')).toEqual(again);
      expect(await found('"c5 cat"')).toEqual(['c5']);
    });

    it('lists corrected photos page by page', async () => {
      const ids = ['c6 1', 'c6 2', 'c6 3', 'c6 4', 'c6 5'];
      await store.write(ids.map((id) => result(id)));
      for (const id of ids.slice(0, 4)) await say(id, { 'c6 tag': 'reject' });
      const listed = new Map(await corrected(store, 2));
      const reject = { tag: 'c6 tag', verdict: 'reject', by: 'ann', at: 1 };
      expect(ids.map((id) => listed.get(id))).toEqual([...ids.slice(0, 4).map(() => [reject]), undefined]);
    });

    it('keeps tags and users of any Unicode', async () => {
      await store.write([result('c7')]);
      const tags = hostileNames.map((tag) => ({ tag, verdict: 'accept' as const }));
      expect(await store.correct({ photoId: 'c7', tags, by: '__proto__', at: 5 })).toBe(true);
      expect((await shown('c7'))?.map(({ tag }) => tag).toSorted()).toEqual(hostileNames.toSorted());
      for (const tag of hostileNames)
        expect(await found(`"${tag.replace(/["\\]/g, '\\$&')}"`)).toContain('c7');
    });

    it('has its limit for each photo, and room again for what is said anew', async () => {
      await store.write([result('c8')]);
      const many = Object.fromEntries(
        Array.from({ length: maxCorrections }, (_, index) => [`c8 ${String(index)}`, 'reject' as const]),
      );
      expect(await say('c8', many)).toBe(true);
      await expect(say('c8', { 'c8 more': 'accept' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      expect(await shown('c8')).toEqual([]);
      expect(await say('c8', { 'c8 0': 'accept' })).toBe(true);
      expect(await say('c8', { 'c8 1': 'none', 'c8 more': 'accept' })).toBe(true);
      expect((await store.get('c8'))?.corrections).toHaveLength(maxCorrections);
    });

    it.each<[string, Partial<CorrectionRequest>]>([
      ['an empty id', { photoId: '' }],
      ['a tag with a control character', { tags: [{ tag: 'a\tb', verdict: 'accept' }] }],
      ['a tag of 257 bytes', { tags: [{ tag: 'x'.repeat(257), verdict: 'none' }] }],
      ['nobody', { by: '' }],
      ['a user of 257 bytes', { by: 'x'.repeat(257) }],
      ['half a millisecond', { at: 0.5 }],
    ])('refuses %s', async (_, wrong) => {
      const request: CorrectionRequest = {
        photoId: 'c1',
        tags: [{ tag: 'c bad', verdict: 'accept' }],
        by: 'ann',
        at: 1,
        ...wrong,
      };
      await expect(store.correct(request)).rejects.toMatchObject({
        code: expect.stringMatching(/^(PHOTO_ID|REQUEST_INVALID)$/) as string,
      });
      expect(await found('"c bad"')).toEqual([]);
    });
  });
}

/** All corrected photos, page by page. */
export async function corrected(
  store: TagStore,
  limit: number,
): Promise<[id: string, readonly Correction[]][]> {
  const found: [string, readonly Correction[]][] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const { photos, next } = await store.corrected({ limit, after });
    expect(photos.length).toBeLessThanOrEqual(limit);
    found.push(
      ...photos.map(({ photoId, corrections }): [string, readonly Correction[]] => [photoId, corrections]),
    );
    after = next;
  }
  return found;
}
