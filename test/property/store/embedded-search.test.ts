import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlDatabase } from '../../../src/store/database.ts';
import { Dictionary } from '../../../src/store/dictionary.ts';
import { EmbeddedSearch } from '../../../src/store/embedded-search.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { chunkPhotos } from '../../../src/store/posting-block.ts';
import { PostingChanges } from '../../../src/store/posting-changes.ts';
import { PostingLists, type BlockPart } from '../../../src/store/posting-lists.ts';
import { PostingSearch } from '../../../src/store/posting-search.ts';
import type { Search } from '../../../src/store/search.ts';
import { allHits, entries, largestSearches, rows, scan, searches, withCounts } from './search-samples.ts';
import type { Entry, Hit, Row } from './search-samples.ts';

/** Rows of the samples lie in four chunks, some at their edges. */
const apart = chunkPhotos / 4;
const spread = (photo: number) => photo * apart;

describe('a search of the embedded database', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'autotag-search-'));
  let database: SqlDatabase;
  let search: EmbeddedSearch;
  let postings: PostingSearch;
  beforeAll(() => {
    const file = path.join(folder, 'tags.db');
    database = new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 });
    migrate(database, file);
    search = new EmbeddedSearch(database, new Dictionary(database));
    postings = new PostingSearch(new PostingLists(database));
  });
  afterAll(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  /** Heads so small that blocks have something behind them. */
  const heads = 1;
  const fill = (all: readonly Entry[], photos: readonly Row[]) => {
    database.execute('DELETE FROM postings; DELETE FROM photos');
    const changes = new PostingChanges();
    for (const [term, score, photo] of all) changes.add(spread(photo), [{ term, score }]);
    changes.apply(database, new PostingLists(database, heads));
    database
      .prepare(
        `INSERT INTO photos (row, id, owner, model, tagged_at, epoch, sequence, activation, tags)
         SELECT value ->> 'photo', value ->> 'photo', value ->> 'owner', value ->> 'model', value ->> 'taggedAt', 1, 1, 1, x''
         FROM json_each(?)`,
      )
      .run(JSON.stringify(photos.map((row) => ({ ...row, photo: spread(row.photo) }))));
  };
  /** Only terms that photos have are known. */
  const had = <T extends { readonly photos: number }>(term: T) => ({
    ...term,
    photos: Math.max(1, term.photos),
  });
  const spreadOut = (wanted: Search): Search => ({
    ...wanted,
    wanted: wanted.wanted.map((group) => group.map(had)),
    after: wanted.after && { ...wanted.after, photo: spread(wanted.after.photo) },
  });
  const listed = (hits: readonly { readonly score: number; readonly photo: number }[]): Hit[] =>
    hits.map(({ score, photo }) => [score, photo / apart]);
  /** Few rows are worth beginning with in a small store, many in a large one. */
  const sizes = [1, 12, 1e6, 1e12];

  it('lists the hits of a scan, in its order, however it goes about it', () => {
    fc.assert(
      fc.property(entries, rows, searches, (all, photos, ids) => {
        fill(all, photos);
        const wanted = withCounts(all, ids);
        const expected = scan(all, photos, wanted);
        for (const photos of sizes)
          expect(listed(search.page({ ...spreadOut(wanted), photos })), String(photos)).toEqual(expected);
      }),
      { numRuns: 250 },
    );
  });

  it('counts as many hits as there are, up to a limit, whatever they are', () => {
    fc.assert(
      fc.property(entries, rows, searches, (all, photos, ids) => {
        fill(all, photos);
        const wanted = withCounts(all, { ...ids, after: undefined });
        const hits = allHits(all, photos, wanted).length;
        for (const photos of sizes)
          expect(search.facets({ ...spreadOut(wanted), photos }, 10).total).toEqual({
            photos: Math.min(hits, wanted.limit),
            more: false,
          });
      }),
      { numRuns: 250 },
    );
  });

  it('finds among given rows what it finds among all', () => {
    fc.assert(
      fc.property(entries, rows, searches, (all, photos, ids) => {
        fill(all, photos);
        const wanted = withCounts(all, { ...ids, rows: undefined });
        const every = photos.map(({ photo }) => spread(photo));
        const expected = scan(all, photos, wanted);
        expect(listed(postings.among(spreadOut(wanted), every, wanted.limit))).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it('looks at no more chunks than may have a better hit', () => {
    const photos = Array.from({ length: 200 * chunkPhotos }, (_, index) => index).filter(
      (row) => row % 512 === 0,
    );
    database.execute('DELETE FROM postings');
    const changes = new PostingChanges();
    for (const photo of photos) changes.add(photo, [{ term: 1, score: Math.floor(photo / chunkPhotos) }]);
    changes.apply(database, new PostingLists(database));
    const lists = new PostingLists(database);
    const read: number[] = [];
    const counted = Object.assign(Object.create(lists) as PostingLists, {
      bounds: (term: number) => lists.bounds(term),
      read: (keys: readonly number[], part: BlockPart) => {
        read.push(keys.length);
        return lists.read(keys, part);
      },
    });
    const wanted = {
      ...largestSearches()[0]!,
      wanted: [[{ id: 1, photos: 3_200 }]],
      after: undefined,
      floor: 0,
    };
    const hits = new PostingSearch(counted).best(wanted, 20);
    expect(hits.map(({ score }) => score)).toEqual([
      ...Array<number>(16).fill(199),
      ...Array<number>(4).fill(198),
    ]);
    expect(read).toEqual([8]);
  });

  const steps = (sql: string, ...values: (string | number)[]) =>
    database
      .prepare<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(([, , , step]) => step)
      .join('\n');

  it('reads blocks by their keys', () => {
    expect(steps('SELECT best FROM postings WHERE key >= ? AND key < ?', 1, 2)).toMatch(
      /SEARCH.*INTEGER PRIMARY KEY/,
    );
    expect(steps('SELECT best FROM postings WHERE key IN (SELECT value FROM json_each(?))', '[1]')).toMatch(
      /SEARCH postings USING INTEGER PRIMARY KEY/,
    );
  });

  it('takes as many terms as a query may have', () => {
    fill([], []);
    for (const large of largestSearches()) {
      expect(search.page(large)).toEqual([]);
      expect(search.facets(large, 10).total).toEqual({ photos: 0, more: false });
    }
  });
});
