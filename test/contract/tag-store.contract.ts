import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSearchQuery, searchTerm } from '../../src/store/search-query.ts';
import type { SearchQuery } from '../../src/store/search-query.ts';
import type { Outdated, Rescored, Submission, TagResult, TagStore } from '../../src/store/tag-store.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { corrected } from './correction.contract.ts';
import type { TagStoreHarness, TagStoreOptions } from './tag-store-harness.ts';
import { TagStoreModel, rounded } from './tag-store-model.ts';
import { histories, hostileNames, rescoredBatch, result } from './tag-store-samples.ts';
import type { Step } from './tag-store-samples.ts';

/** What every tag store promises; run it on each implementation. Tests share a store: each has ids and tags of its own. */
export function tagStoreContract(name: string, harness: TagStoreHarness): void {
  describe(`${name} as a tag store`, () => {
    let store: TagStore;
    const found = async (query: string, limit = 100) =>
      (await store.search(parseSearchQuery(query), { limit })).hits.map(({ photoId }) => photoId);
    const at = (sequence: number, epoch = 1_700_000_000_000): Submission => ({ epoch, sequence });

    beforeAll(async () => {
      store = await harness.create();
    });
    afterAll(async () => {
      await harness.destroy(store);
    });

    describe('writing', () => {
      it('gives back what was written, with scores to four decimals', async () => {
        const written = result(
          'w1',
          { 'w tabby': 0.93456, 'w cat': 0.5, 'w zero': 0 },
          { sha256: '0f'.repeat(32), width: 640, height: 480 },
        );
        expect(await store.write([written])).toEqual(['stored']);
        expect(await store.get('w1')).toEqual(rounded(written));
      });

      it('has no row of a photo it was never given', async () => {
        expect(await store.get('w never')).toBeUndefined();
        expect(await store.forget('w never')).toBe(false);
      });

      it('answers an empty batch', async () => {
        expect(await store.write([])).toEqual([]);
      });

      it('stores a photo without tags', async () => {
        expect(await store.write([result('w2')])).toEqual(['stored']);
        expect((await store.get('w2'))?.tags).toEqual([]);
      });

      it('keeps attributes of every kind, replaces them with the row, and refuses those that it could not keep', async () => {
        const attributes = {
          camera: 'été "K2"\n\ud800',
          'f-number': 2.8,
          iso: 1e21,
          flash: true,
          constructor: '',
        };
        await store.write([result('wa', { 'wa cat': 0.5 }, { attributes })]);
        expect((await store.get('wa'))?.attributes).toEqual(attributes);
        const { hits } = await store.search(parseSearchQuery('"wa cat"'), { limit: 1 });
        expect(hits[0]?.attributes).toEqual(attributes);
        await store.write([result('wa', { 'wa cat': 0.5 })]);
        expect((await store.get('wa'))?.attributes).toBeUndefined();
        const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`a${String(n)}`, n]));
        for (const wrong of [{ Camera: 1 }, { iso: NaN }, { camera: 'x'.repeat(1_025) }, many])
          await expect(store.write([result('wa', {}, { attributes: wrong })])).rejects.toMatchObject({
            code: 'REQUEST_INVALID',
          });
      });

      it('stores twice delivered results once', async () => {
        const written = result('w3', { 'w twice': 0.7 });
        expect(await store.write([written, written])).toEqual(['stored', 'stored']);
        const before = await store.stats();
        expect(await store.write([written])).toEqual(['stored']);
        expect(await store.stats()).toMatchObject({ photos: before.photos, postings: before.postings });
        expect(await found('"w twice"')).toEqual(['w3']);
      });

      it('replaces all tags of a photo at once', async () => {
        await store.write([result('w4', { 'w old': 0.9, 'w both': 0.8 })]);
        await store.write([result('w4', { 'w both': 0.3, 'w new': 0.2 }, { activation: 2 })]);
        expect(await found('"w old"')).toEqual([]);
        expect(await found('"w both" score>0.5')).toEqual([]);
        expect(await found('"w new" "w both"')).toEqual(['w4']);
      });

      it.each<[string, Partial<TagResult>, Partial<TagResult>, string]>([
        ['the same again', {}, {}, 'stored'],
        ['a later activation', { activation: 3 }, { activation: 4 }, 'stored'],
        ['an earlier activation', { activation: 3 }, { activation: 2 }, 'superseded'],
        [
          'a later submission by an earlier model',
          { activation: 3 },
          { submission: at(2), activation: 1 },
          'stored',
        ],
        ['an earlier submission by a later model', { submission: at(2) }, { activation: 9 }, 'superseded'],
        ['a stream made anew', { submission: at(99) }, { submission: at(1, 1_800_000_000_000) }, 'stored'],
        ['the stream before', { submission: at(1, 1_800_000_000_000) }, { submission: at(99) }, 'superseded'],
      ])('after a result, %s', async (kind, first, second, outcome) => {
        const id = `order ${kind}`;
        const results = [result(id, { [`${id} 1`]: 0.5 }, first), result(id, { [`${id} 2`]: 0.5 }, second)];
        expect(await store.write(results.slice(0, 1))).toEqual(['stored']);
        expect(await store.write(results.slice(1))).toEqual([outcome]);
        expect(await store.get(id)).toEqual(results[outcome === 'stored' ? 1 : 0]);
        expect(await found(`"${id} 1"`)).toEqual(outcome === 'stored' ? [] : [id]);
        // The same in one batch.
        const copies = results.map((each) => ({ ...each, photoId: `${id} copy` }));
        expect(await store.write(copies)).toEqual(['stored', outcome]);
        expect(await store.get(`${id} copy`)).toEqual(copies[outcome === 'stored' ? 1 : 0]);
      });

      it('keeps photo ids and tags of any Unicode apart and intact', async () => {
        const written = hostileNames.map((hostile, index) =>
          result(hostile, [{ tag: hostile, score: (index + 1) / 100 }], { submission: at(index + 1) }),
        );
        expect(await store.write(written)).toEqual(written.map(() => 'stored'));
        for (const each of written) {
          expect(await store.get(each.photoId)).toEqual(each);
          const query: SearchQuery = { wanted: [[searchTerm(each.photoId)]], unwanted: [] };
          const { hits } = await store.search(query, { limit: 100 });
          expect(hits.map(({ photoId }) => photoId)).toContain(each.photoId);
        }
      });

      it.each<[string, TagResult]>([
        ['an empty id', result('')],
        ['an id of 257 bytes', result('x'.repeat(257))],
        ['a control character', result('a\u0000b')],
        ['a lone surrogate in a tag', result('bad', { '\ud800': 0.5 })],
        ['a score above 1', result('bad', { bad: 1.1 })],
        ['a score that is no number', result('bad', { bad: Number.NaN })],
        [
          'tags in the wrong order',
          {
            ...result('bad'),
            tags: [
              { tag: 'a', score: 0.1 },
              { tag: 'b', score: 0.2 },
            ],
          },
        ],
        [
          'a tag twice',
          result('bad', [
            { tag: 'a', score: 0.1 },
            { tag: 'a', score: 0.1 },
          ]),
        ],
        ['half a sequence', result('bad', {}, { submission: at(0.5) })],
        ['a wrong hash', result('bad', {}, { sha256: 'xyz' })],
        ['no model', result('bad', {}, { model: '' })],
        ['an owner with a control character', result('bad', {}, { owner: 'a\nb' })],
      ])('refuses %s and writes nothing of the batch', async (_, bad) => {
        const good = result('beside bad', { 'beside bad': 0.5 });
        await expect(store.write([good, bad])).rejects.toMatchObject({
          code: expect.stringMatching(/^(PHOTO_ID|REQUEST_INVALID)$/) as string,
        });
        expect(await store.get('beside bad')).toBeUndefined();
      });
    });

    describe('scoring again', () => {
      it('replaces tags, scores and model, and leaves file, owner, hash and attributes', async () => {
        const more = {
          file: 'r.jpg',
          owner: 'r owner',
          sha256: 'cd'.repeat(32),
          attributes: { camera: 'K2' },
          width: 3,
        };
        const before = result('r1', { 'r old': 0.9, 'r both': 0.8 }, more);
        await store.write([before]);
        const again = {
          activation: 2,
          model: 'b'.repeat(64),
          extractor: 'hog-2',
          taggedAt: 1_800_000_000_000,
        };
        const after = result('r1', { 'r both': 0.81234, 'r new': 0.2 }, { ...more, ...again });
        expect(await store.rescore(rescoredBatch([after]))).toEqual(['changed']);
        expect(await store.get('r1')).toEqual(rounded(after));
        expect(await found('"r old"')).toEqual([]);
        expect(await found('"r both" "r new"')).toEqual(['r1']);
        expect(await found('"r both" score>0.81')).toEqual(['r1']);
        expect(await found('"r both" owner:"r owner"')).toEqual(['r1']);
      });

      it('takes the last tag from photos, and gives them none', async () => {
        await store.write([result('r bare', { 'r last': 0.9 })]);
        const bare = { ...result('r bare'), activation: 2 };
        expect(await store.rescore(rescoredBatch([bare]))).toEqual(['changed']);
        expect(await store.rescore(rescoredBatch([{ ...bare, activation: 3 }]))).toEqual(['same']);
        expect((await store.get('r bare'))?.tags).toEqual([]);
        expect((await store.search(parseSearchQuery('"r last"'), { limit: 10 })).hits).toEqual([]);
      });

      it('says that nothing has changed where that is so, and notes the activation', async () => {
        const before = result('r2', { 'r same': 0.7 });
        await store.write([before]);
        const after = { ...before, activation: 2, model: 'b'.repeat(64), taggedAt: 1_800_000_000_000 };
        const { postings } = await store.stats();
        expect(
          await store.rescore(rescoredBatch([{ ...after, tags: [{ tag: 'r same', score: 0.70001 }] }])),
        ).toEqual(['same']);
        expect(await store.get('r2')).toEqual(after);
        expect((await store.stats()).postings).toBe(postings);
        expect(await found('"r same"')).toEqual(['r2']);
      });

      it.each<[string, Partial<TagResult>, string]>([
        ['of the same activation', { activation: 3 }, 'changed'],
        ['of a later activation', { activation: 4 }, 'superseded'],
        ['of a later submission', { submission: at(2), activation: 1 }, 'superseded'],
        ['of a stream before', { submission: at(1, 1_600_000_000_000), activation: 1 }, 'superseded'],
      ])('a row %s', async (kind, more, outcome) => {
        const id = `again ${kind}`;
        const stored = result(id, { [`${id} 1`]: 0.5 }, more);
        await store.write([stored]);
        const again = result(id, { [`${id} 2`]: 0.5 }, { activation: 3 });
        expect(await store.rescore(rescoredBatch([again]))).toEqual([outcome]);
        expect(await store.get(id)).toEqual(outcome === 'changed' ? again : stored);
      });

      it('brings no photo back that was forgotten, and makes none', async () => {
        const gone = result('r gone', { 'r gone': 0.5 });
        await store.write([gone]);
        await store.forget('r gone');
        const never = result('r never', { 'r gone': 0.5 });
        expect(await store.rescore(rescoredBatch([gone, never]))).toEqual(['superseded', 'superseded']);
        expect(await found('"r gone"')).toEqual([]);
      });

      it('refuses a batch with one that cannot be kept', async () => {
        const good = result('r good', { 'r good': 0.5 });
        await store.write([good]);
        const bad = result('bad', { bad: 1.1 });
        await expect(store.rescore(rescoredBatch([{ ...good, activation: 9 }, bad]))).rejects.toMatchObject({
          code: 'REQUEST_INVALID',
        });
        expect((await store.get('r good'))?.activation).toBe(1);
      });

      it('finds what is outdated page by page, each row once, new ones last', async () => {
        const epoch = 2_000_000_000_000;
        const photos = Array.from({ length: 20 }, (_, index) =>
          result(`old ${String(index)}`, {}, { activation: 1 + (index % 2), taggedAt: epoch + index }),
        );
        await store.write(photos);
        const mine = async (which: Outdated) =>
          (await outdated(store, which, 7)).filter((id) => id.startsWith('old '));
        const firsts = photos.filter(({ activation }) => activation === 1).map(({ photoId }) => photoId);
        // Those of one batch may be in any order.
        const before = await mine({ activation: 2, taggedBefore: 0 });
        expect(before.toSorted()).toEqual(firsts.toSorted());
        expect((await mine({ activation: 1, taggedBefore: epoch + 5 })).toSorted()).toEqual(
          photos.slice(0, 5).map(({ photoId }) => photoId),
        );
        await store.write([{ ...photos[0]!, activation: 3 }, result('old 20')]);
        expect(await mine({ activation: 2, taggedBefore: 0 })).toEqual([
          ...before.filter((id) => id !== 'old 0'),
          'old 20',
        ]);
      });
    });

    describe('searching', () => {
      beforeAll(async () => {
        await store.write([
          result('s1', { 's beach': 0.9, 's sunset': 0.4, 's people': 0.3 }),
          result('s2', { 's beach': 0.8, 's sunset': 0.85 }),
          result('s3', { 'S BEACH': 0.7, 's people': 0.2 }),
          result('s4', { 's sunset': 0.99, 's e\u0301te\u0301': 0.5 }),
        ]);
      });

      it.each([
        ['one tag, by falling score', '"s beach"', ['s1', 's2', 's3']],
        ['all of several tags, by the smallest score', '"s beach" "s sunset"', ['s2', 's1']],
        ['photos without a tag', '"s beach" -"s people"', ['s2']],
        ['scores above a limit', '"s beach" score>0.8', ['s1']],
        ['scores from a limit on', '"s beach" score>=0.8', ['s1', 's2']],
        ['a limit on every wanted tag', '"s beach" "s sunset" score>0.5', ['s2']],
        ['case makes no difference', '"S Beach" -"S PEOPLE"', ['s2']],
        ['nor do composed accents', '"s \u00c9t\u00e9"', ['s4']],
        ['an unknown tag finds nothing', '"s beach" "s nowhere"', []],
        ['an unknown unwanted tag excludes nothing', '"s beach" -"s nowhere"', ['s1', 's2', 's3']],
        ['a tag wanted and unwanted finds nothing', '"s beach" -"s beach"', []],
        ['no score is above 1', '"s beach" score>1', []],
        ['one of several tags, by its best score', '"s sunset" OR "s people"', ['s4', 's2', 's1', 's3']],
        ['OR binds tighter', '"s beach" OR "s été" "s people" OR "s sunset"', ['s2', 's4', 's1', 's3']],
        ['a limit on the best of several', '"s sunset" OR "s people" score>0.35', ['s4', 's2', 's1']],
        ['unknown ones of several', '"s nowhere" OR "s beach" OR "s no"', ['s1', 's2', 's3']],
        ['only unknown ones', '"s beach" "s nowhere" OR "s no"', []],
        ['one of several that is unwanted as well', '"s beach" OR "s people" -"s people"', ['s2']],
      ])('%s', async (_, query, photos) => {
        expect(await found(query)).toEqual(photos);
      });

      describe('by owner, model and time', () => {
        const [first, second] = ['c0ffee01'.repeat(8), 'c0ffee02'.repeat(8)] as [string, string];
        const day = Date.UTC(2021, 4, 5);
        beforeAll(async () => {
          await store.write([
            result('c1', { 'c a': 0.9 }, { owner: 'c alice', model: first, taggedAt: day }),
            result('c2', { 'c a': 0.8, 'c b': 0.7 }, { owner: 'c Alice', model: first, taggedAt: day + 1 }),
            result(
              'c3',
              { 'c a': 0.7, 'c b': 0.8 },
              { owner: 'c alice', model: second, taggedAt: day + 86_400_000 },
            ),
            result('c4', { 'c b': 0.6 }, { model: second, taggedAt: day + 2 * 86_400_000 }),
          ]);
        });

        it.each([
          ['an owner, exactly as given', '"c a" owner:"c alice"', ['c1', 'c3']],
          ['of whom there are no photos', '"c a" owner:"c al"', []],
          ['all of a tag, of any owner or none', '"c b"', ['c3', 'c2', 'c4']],
          ['the beginning of a model', '"c a" model:c0ffee', ['c1', 'c2', 'c3']],
          ['more of the beginning', '"c a" model:C0FFEE02', ['c3']],
          ['a model that there is not', '"c a" model:c0ffee03', []],
          ['from a day on', '"c a" date>=2021-05-06', ['c3']],
          ['after a day', '"c b" date>2021-05-06', ['c4']],
          ['before a day', '"c a" date<2021-05-06', ['c1', 'c2']],
          ['until a day', '"c b" date<=2021-05-06', ['c3', 'c2']],
          ['within a millisecond', '"c a" date>=2021-05-05T00:00Z date<=2021-05-05T00:00:00.000Z', ['c1']],
          ['a time that is none', '"c a" date>=2021-05-06 date<2021-05-05', []],
          [
            'all of it together',
            '"c a" OR "c b" owner:"c alice" model:c0 date>=2021-05-05 score>0.75 -"c b"',
            ['c1'],
          ],
          ['no tag: the last one first', 'owner:"c alice"', ['c3', 'c1']],
          ['no tag but unwanted ones', 'model:c0ffee -"c b"', ['c1']],
          ['no tag, and a score that all have', 'owner:"c alice" score>=1', ['c3', 'c1']],
          ['no tag, and a score that none has', 'owner:"c alice" score>1', []],
        ])('%s', async (_, query, photos) => {
          // Where batches are made of statements, photos of one may be in any order.
          const isRanked = query.includes('"c a"') || query.startsWith('"c b"');
          const hits = await found(query);
          expect(isRanked ? hits : hits.toSorted()).toEqual(isRanked ? photos : photos.toSorted());
        });

        it('shows the owner of a hit', async () => {
          const { hits } = await store.search(parseSearchQuery('"c a"'), { limit: 3 });
          expect(hits.map(({ owner }) => owner)).toEqual(['c alice', 'c Alice', 'c alice']);
        });

        it('has nothing of an owner whose photo was forgotten, or is of somebody else now', async () => {
          await store.write(['c5', 'c6'].map((id) => result(id, {}, { owner: 'c gone' })));
          await store.forget('c5');
          await store.write([result('c6', {}, { owner: 'c new' })]);
          expect(await found('owner:"c gone"')).toEqual([]);
          expect(await found('owner:"c new"')).toEqual(['c6']);
        });
      });

      describe('counting', () => {
        it('counts hits, and the tags that most of them have', async () => {
          await store.write([
            result('n1', { 'n a': 0.9, 'N A': 0.8, 'n b': 0.5 }),
            result('n2', { 'n a': 0.9, 'n b': 0.1, 'n c': 0.1 }),
            result('n3', { 'n a': 0.2, 'n c': 0.1, 'n d': 0.1 }),
            result('n4', { 'n d': 0.2 }),
          ]);
          const count = (query: string, limit: number) => store.facets(parseSearchQuery(query), limit);
          const { total, tags } = await count('"n a"', 10);
          expect(total).toEqual({ photos: 3, more: false });
          expect(tags.map(({ tag, photos }) => [tag.toLowerCase(), photos])).toEqual([
            ['n a', 3],
            ['n b', 2],
            ['n c', 2],
            ['n d', 1],
          ]);
          expect((await count('"n a" -"n d" score>0.5', 1)).tags).toMatchObject([{ photos: 2 }]);
          expect((await count('"n b" OR "n d"', 10)).total).toEqual({ photos: 4, more: false });
          expect(await count('"n a" "n nowhere"', 10)).toEqual({
            total: { photos: 0, more: false },
            tags: [],
          });
          expect(await count('"n a" -"n a"', 10)).toEqual({ total: { photos: 0, more: false }, tags: [] });
        });

        it('counts ten thousand, and says that there are more', async () => {
          const photos = Array.from({ length: 10_001 }, (_, index) =>
            result(`many ${String(index)}`, { 'k many': 0.5, [`k ${index < 5_000 ? 'half' : 'rest'}`]: 0.4 }),
          );
          await store.write(photos);
          const { total, tags } = await store.facets(parseSearchQuery('"k many"'), 2);
          expect(total).toEqual({ photos: 10_000, more: true });
          expect(tags[0]).toEqual({ tag: 'k many', photos: 10_000 });
          expect(tags).toHaveLength(2);
          await store.forget('many 0');
          expect(await store.facets(parseSearchQuery('"k many"'), 2)).toEqual({
            total: { photos: 10_000, more: false },
            tags: [
              { tag: 'k many', photos: 10_000 },
              { tag: 'k rest', photos: 5_001 },
            ],
          });
        }, 60_000);
      });

      describe('completing', () => {
        it('lists tags that begin so, those of most photos first', async () => {
          await store.write([
            result('t1', { 't Été': 0.5, 't éclair': 0.5, 'T%': 0.5 }),
            result('t2', { 't e\u0301te\u0301': 0.5, t_x: 0.5 }),
            result('t3', { 't gone': 0.5, 't z': 0.5 }),
          ]);
          await store.forget('t3');
          const complete = async (prefix: string, limit = 50) =>
            (await store.complete(prefix, limit)).map(({ tag, photos }) => [searchTerm(tag), photos]);
          expect(await complete('T é')).toEqual([
            ['t été', 2],
            ['t éclair', 1],
          ]);
          expect(await complete('t é', 1)).toEqual([['t été', 2]]);
          expect(await complete('t%')).toEqual([['t%', 1]]);
          expect(await complete('t_')).toEqual([['t_x', 1]]);
          expect(await complete('t g')).toEqual([]);
          expect(await complete('\0')).toEqual([]);
          expect(await complete('', 3)).toHaveLength(3);
        });
      });

      it('shows score, model, time and all tags of a hit', async () => {
        const { hits } = await store.search(parseSearchQuery('"s sunset" "s beach" score>0.5'), { limit: 1 });
        expect(hits).toEqual([
          {
            photoId: 's2',
            score: 0.8,
            model: 'a'.repeat(64),
            taggedAt: 1_700_000_000_123,
            tags: [
              { tag: 's sunset', score: 0.85 },
              { tag: 's beach', score: 0.8 },
            ],
          },
        ]);
      });

      it('finds photos by as many tags as a query may have', async () => {
        const many = Array.from({ length: 32 }, (_, index) => `m${String(index)}`);
        await store.write(
          ['m all', 'm all too'].map((id) => result(id, Object.fromEntries(many.map((tag) => [tag, 0.5])))),
        );
        await store.write([result('m most', Object.fromEntries(many.slice(1).map((tag) => [tag, 0.9])))]);
        expect((await found(many.join(' '))).toSorted()).toEqual(['m all', 'm all too']);
        expect(
          await found(
            `m31 ${many
              .slice(0, 31)
              .map((tag) => `-${tag}`)
              .join(' ')}`,
          ),
        ).toEqual([]);
        expect(await found('m31 -m0')).toEqual(['m most']);
      });

      it('turns pages without gap or repetition while rows are written', async () => {
        // Many equal scores: pages must break ties.
        const photos = Array.from({ length: 50 }, (_, index) =>
          result(`page ${String(index)}`, { 'p a': (index % 5) / 10 + 0.3, 'p b': (index % 3) / 10 + 0.4 }),
        );
        await store.write(photos);
        const query = parseSearchQuery('"p a" "p b"');
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const page = await store.search(query, { limit: 7, after });
          expect(page.hits.length).toBeGreaterThan(0);
          seen.push(...page.hits.map(({ photoId }) => photoId));
          after = page.next;
          await store.write([result(`between ${String(seen.length)}`, { 'p a': 0.95, 'p b': 0.95 })]);
        } while (after !== undefined);
        expect(seen.toSorted()).toEqual(photos.map(({ photoId }) => photoId).toSorted());
      });

      it.each([{ limit: 0 }, { limit: 1.5 }, { limit: 1e9 }, { limit: 5, after: 'nonsense' }])(
        'refuses the page %j',
        async (page) => {
          await expect(store.search(parseSearchQuery('cat'), page)).rejects.toMatchObject({
            code: 'REQUEST_INVALID',
          });
        },
      );
    });

    describe('forgetting', () => {
      it('removes row, tags and counts', async () => {
        const before = await store.stats();
        await store.write([result('f1', { 'f gone': 0.9 })]);
        expect(await store.stats()).toMatchObject({ photos: before.photos + 1, tags: before.tags + 1 });
        expect(await store.forget('f1')).toBe(true);
        expect(await store.get('f1')).toBeUndefined();
        expect(await found('"f gone"')).toEqual([]);
        expect(await store.stats()).toMatchObject({
          photos: before.photos,
          tags: before.tags,
          postings: before.postings,
          tombstones: before.tombstones + 1,
        });
      });

      it('is not undone by a late redelivery, but by a newer submission', async () => {
        await store.write([result('f2', {}, { submission: at(5) })]);
        await store.forget('f2');
        expect(await store.write([result('f2', {}, { submission: at(5), activation: 9 })])).toEqual([
          'superseded',
        ]);
        expect(await store.write([result('f2', {}, { submission: at(4) })])).toEqual(['superseded']);
        expect(await store.get('f2')).toBeUndefined();
        expect(await store.write([result('f2', {}, { submission: at(6) })])).toEqual(['stored']);
        expect(await store.write([result('f2', {}, { submission: at(5) })])).toEqual(['superseded']);
      });

      it('covers submissions that are still on their way', async () => {
        await store.forget('f3', at(7));
        expect(await store.write([result('f3', {}, { submission: at(7) })])).toEqual(['superseded']);
      });

      it('leaves a newer submission alone when it comes late', async () => {
        await store.write([result('f4', {}, { submission: at(8) })]);
        expect(await store.forget('f4', at(7))).toBe(false);
        expect(await store.get('f4')).toBeDefined();
      });
    });

    it('keeps everything when it is closed and opened again', async () => {
      await store.write([result('kept', { 'kept tag': 0.5 })]);
      const before = await store.stats();
      await store.close();
      await store.close();
      expect(await store.exited).toBeUndefined();
      await expect(store.get('kept')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      store = await harness.reopen(store);
      await store.health();
      expect(await found('"kept tag"')).toEqual(['kept']);
      expect(await store.stats()).toMatchObject({ photos: before.photos, postings: before.postings });
    });
  });

  describe(`${name} over random histories`, () => {
    it('behaves as its model', async () => {
      const store = await harness.create();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          run += 1;
          const model = new TagStoreModel();
          for (const id of ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', '__proto__', "p'7"]) {
            const start = later({ epoch: 0, sequence: 0 }, run);
            await store.forget(id, start);
            model.forget(id, start);
          }
          for (const step of steps) await compare(store, model, step, run);
        }),
        { numRuns: 60 },
      );
      await harness.destroy(store);
      // Thousands of calls, each a transaction or more.
    }, 240_000);

    describe('a store of its own', () => {
      const on = async (
        options: TagStoreOptions | undefined,
        use: (own: TagStore) => Promise<void>,
      ): Promise<void> => {
        const own = await harness.create(options);
        try {
          await use(own);
        } finally {
          await harness.destroy(own);
        }
      };

      it('answers everything that was asked before close', () =>
        on(undefined, async (own) => {
          const writes = Array.from({ length: 20 }, (_, index) => own.write([result(`c ${String(index)}`)]));
          const closed = own.close();
          await expect(own.write([result('late')])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
          expect(await Promise.all(writes)).toEqual(writes.map(() => ['stored']));
          await closed;
          expect(await own.exited).toBeUndefined();
        }));

      it('forgets that it has forgotten, after a time', async () => {
        const clock = new SimulatedClock();
        await on({ clock, tombstoneTtlMs: 1000 }, async (own) => {
          await own.write([result('old'), result('young')]);
          await own.forget('old');
          await clock.advance(900);
          await own.forget('young');
          expect(await own.stats()).toMatchObject({ tombstones: 2 });
          await clock.advance(101);
          await own.forget('nobody');
          expect(await own.stats()).toMatchObject({ tombstones: 1 });
          expect(await own.write([result('old'), result('young')])).toEqual(['stored', 'superseded']);
        });
      });
    });
  });
}

/** What scoring a photo again says of it. */
function rescored(photo: TagResult): Rescored {
  const { photoId, submission, activation, model, extractor, taggedAt, tags } = photo;
  return { photoId, submission, activation, model, extractor, taggedAt, tags };
}

/** All outdated photos, page by page. */
async function outdated(store: TagStore, which: Outdated, limit: number): Promise<string[]> {
  const found: string[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const { rows, seen, next } = await store.outdated(which, { limit, after });
    expect(rows.length).toBeLessThanOrEqual(seen);
    expect(seen).toBeLessThanOrEqual(limit);
    found.push(...rows.map(({ photoId }) => photoId));
    after = next;
  }
  return found;
}

/** Runs share a store: each submits later than all before it. */
function later({ epoch, sequence }: Submission, run: number): Submission {
  return { epoch: epoch + run * 10_000_000_000_000, sequence };
}

async function compare(store: TagStore, model: TagStoreModel, step: Step, run: number): Promise<void> {
  if (step.kind === 'write') {
    const batch = step.batch.map((each) => ({ ...each, submission: later(each.submission, run) }));
    expect(await store.write(batch)).toEqual(model.write(batch));
    for (const { photoId } of batch) expect(await store.get(photoId)).toEqual(model.get(photoId));
  } else if (step.kind === 'rescore') {
    const batch = step.batch.map((each) => ({ ...each, submission: later(each.submission, run) }));
    expect(await store.rescore(rescoredBatch(batch))).toEqual(model.rescore(batch.map(rescored)));
    for (const { photoId } of batch) expect(await store.get(photoId)).toEqual(model.get(photoId));
  } else if (step.kind === 'correct') {
    expect(await store.correct(step.request)).toBe(model.correct(step.request));
    expect(await store.get(step.request.photoId)).toEqual(model.get(step.request.photoId));
  } else if (step.kind === 'corrected') {
    expect(new Map(await corrected(store, step.limit))).toEqual(
      new Map([...model.corrections.keys()].map((id) => [id, model.get(id)?.corrections])),
    );
  } else if (step.kind === 'outdated') {
    expect((await outdated(store, step.which, step.limit)).toSorted()).toEqual(
      model.outdated(step.which).toSorted(),
    );
  } else if (step.kind === 'forget') {
    const upTo = step.upTo && later(step.upTo, run);
    expect(await store.forget(step.photoId, upTo)).toBe(model.forget(step.photoId, upTo));
    expect(await store.get(step.photoId)).toEqual(model.get(step.photoId));
  } else {
    const found: [string, number][] = [];
    let after: string | undefined;
    do {
      const page = await store.search(step.query, { limit: step.limit, after });
      found.push(...page.hits.map(({ photoId, score }): [string, number] => [photoId, score]));
      after = page.next;
    } while (after !== undefined);
    const expected = model.search(step.query);
    expect(new Map(found)).toEqual(expected);
    expect(found).toHaveLength(expected.size);
    const { total, tags } = await store.facets(step.query, 100);
    expect(total).toEqual({ photos: expected.size, more: false });
    expect(new Map(tags.map(({ tag, photos }) => [searchTerm(tag), photos]))).toEqual(
      model.facets(step.query),
    );
    expect(tags.map(({ photos }) => photos)).toEqual(
      tags.map(({ photos }) => photos).toSorted((a, b) => b - a),
    );
    const scores = found.map(([, score]) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  }
}
