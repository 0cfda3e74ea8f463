import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlDatabase } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { chunkOf, chunkPhotos, placeOf, posting } from '../../../src/store/posting-block.ts';
import { PostingChanges } from '../../../src/store/posting-changes.ts';
import { blockKey, PostingLists } from '../../../src/store/posting-lists.ts';

const terms = [1, 2, 3];
/** At the edges of chunks, and far away. */
const photos = [1, 2, chunkPhotos - 1, chunkPhotos, chunkPhotos + 1, 2 ** 33 + 5];
const heads = 2;

/** Terms of a photo and their scores: what a transaction gives it. */
const tagging = fc.record({
  photo: fc.constantFrom(...photos),
  tags: fc.uniqueArray(
    fc.record({ term: fc.constantFrom(...terms), score: fc.constantFrom(0, 1, 5_000, 10_000) }),
    {
      selector: ({ term }) => term,
    },
  ),
});
const transactions = fc.array(fc.uniqueArray(tagging, { selector: ({ photo }) => photo, minLength: 1 }), {
  maxLength: 6,
});

describe('changes of postings', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'autotag-postings-'));
  let database: SqlDatabase;
  let lists: PostingLists;
  beforeAll(() => {
    const file = path.join(folder, 'tags.db');
    database = new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 });
    migrate(database, file);
    lists = new PostingLists(database, heads);
  });
  afterAll(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  /** The block that has these photos. */
  const expected = (all: ReadonlyMap<number, ReadonlyMap<number, number>>, term: number, chunk: number) =>
    [...all]
      .flatMap(([photo, tags]) => {
        const score = tags.get(term);
        return score === undefined || chunkOf(photo) !== chunk ? [] : [posting(placeOf(photo), score)];
      })
      .sort((a, b) => b - a);

  it('leave each photo where its tags are, and nothing else', () => {
    fc.assert(
      fc.property(transactions, (all) => {
        database.execute('DELETE FROM postings; DELETE FROM terms');
        for (const term of terms)
          database.prepare('INSERT INTO terms (id, term) VALUES (?, ?)').run(term, `t${String(term)}`);
        const kept = new Map<number, Map<number, number>>();
        for (const transaction of all) {
          const changes = new PostingChanges();
          for (const { photo, tags } of transaction) {
            const before = [...(kept.get(photo) ?? [])].map(([term, score]) => ({ term, score }));
            changes.remove(photo, before);
            changes.add(photo, tags);
            kept.set(photo, new Map(tags.map(({ term, score }) => [term, score])));
          }
          changes.apply(database, lists);
        }
        for (const term of terms) {
          const bounds = new Map(lists.bounds(term).map((bound) => [bound.chunk, bound]));
          for (const chunk of new Set(photos.map(chunkOf))) {
            const block = expected(kept, term, chunk);
            const key = blockKey(term, chunk);
            const read = (part: 'head' | 'whole') => [...(lists.read([key], part).get(key) ?? [])];
            expect(read('whole')).toEqual(block);
            expect(read('head')).toEqual(block.slice(0, heads));
            const scores = block.map((entry) => entry >>> 16);
            const bound = { chunk, best: scores[0], rest: scores[heads] ?? -1 };
            expect(bounds.get(chunk)).toEqual(block.length === 0 ? undefined : bound);
          }
          const count = [...kept.values()].filter((tags) => tags.has(term)).length;
          expect(database.prepare<[number]>('SELECT photos FROM terms WHERE id = ?').one(term)).toEqual([
            count,
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('know a block of which all have the highest score', () => {
    const changes = new PostingChanges();
    for (const photo of [1, 2, 3]) changes.add(3 * chunkPhotos + photo, [{ term: 2, score: 10_000 }]);
    changes.apply(database, lists);
    expect(lists.bounds(2)).toContainEqual({ chunk: 3, best: 10_000, rest: 10_000 });
  });

  it('keep the best of tags that are one to searches', () => {
    const changes = new PostingChanges();
    changes.add(7, [
      { term: 1, score: 3 },
      { term: 1, score: 9 },
      { term: 1, score: 5 },
    ]);
    changes.apply(database, lists);
    expect([...(lists.read([blockKey(1, 0)], 'whole').get(blockKey(1, 0)) ?? [])]).toContain(posting(7, 9));
  });
});
