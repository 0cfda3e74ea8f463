import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTagStore } from '../../../src/store/postgres-tag-store.ts';
import {
  beginningStatement,
  countRowsStatement,
  depthStatement,
  facetsStatement,
  searchStatement,
} from '../../../src/store/postgres/search-statement.ts';
import type { PlanKind } from '../../../src/store/postgres/list-plan.ts';
import type { RowConditions, RowIndex, Search } from '../../../src/store/search.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { allHits, entries, largestSearches, rows, scan, searches, withCounts } from './search-samples.ts';
import type { Entry, Hit, Row } from './search-samples.ts';

/** The plans that a search may have. */
function plansFor({ wanted, rows: conditions }: Search): PlanKind[] {
  return [
    ...(wanted.length === 0 ? [] : (['merge', 'probe'] as const)),
    ...(conditions === undefined ? [] : (['rows'] as const)),
  ];
}

describe('every plan of a search, as a statement of PostgreSQL', () => {
  let server: TestPostgres;
  let client: pg.Client;
  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.createDatabase();
    await (await PostgresTagStore.open({ url })).close();
    client = new pg.Client({ connectionString: url });
    await client.connect();
    // Postings and photos are written apart from each other here.
    await client.query('ALTER TABLE autotag.photos DISABLE TRIGGER USER');
  });
  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  const read = async ({ text, values = [] }: ReturnType<typeof searchStatement>) => {
    const { rows } = await client.query<(string | number | null)[]>({
      text,
      values: [...values],
      rowMode: 'array',
    });
    return rows;
  };
  const hitsOf = async (statement: ReturnType<typeof searchStatement>) =>
    (await read(statement)).map(([score, photo]): Hit => [Number(score), Number(photo)]);

  const fill = async (all: readonly Entry[], photos: readonly Row[]) => {
    await client.query('TRUNCATE autotag.postings, autotag.photos');
    await client.query({
      text: `INSERT INTO autotag.postings (term, score, photo)
             SELECT (value ->> 0)::integer, (value ->> 1)::smallint, (value ->> 2)::bigint FROM json_array_elements($1)`,
      values: [JSON.stringify(all)],
    });
    await client.query({
      text: `INSERT INTO autotag.photos (number, id, owner, model, tagged_at, epoch, sequence, activation, tags, scores)
             OVERRIDING SYSTEM VALUE
             SELECT photo, photo, owner, model, "taggedAt", 1, 1, 1, '{}', '{}'
             FROM json_to_recordset($1) AS row (photo bigint, owner text, model integer, "taggedAt" bigint)`,
      values: [JSON.stringify(photos)],
    });
  };

  it('lists the hits of a scan, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(entries, rows, searches, async (all, photos, ids) => {
        await fill(all, photos);
        const search = withCounts(all, ids);
        const expected = scan(all, photos, search);
        for (const kind of plansFor(search))
          expect(await hitsOf(searchStatement(search, kind)), kind).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  it('finds among the beginnings of lists what is there of the first page', async () => {
    const withTags = searches.filter(({ wanted }) => wanted.length > 0);
    const shares = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(entries, rows, withTags, shares, async (all, photos, ids, share) => {
        await fill(all, photos);
        const search = withCounts(all, { ...ids, after: undefined });
        const expected = scan(all, photos, search);
        const [[depth] = [null]] = await read(depthStatement(search, share));
        for (const bound of [Number(depth ?? 0), Math.round(share * 7)])
          expect(await hitsOf(beginningStatement(search, bound))).toEqual(
            expected.filter(([score]) => score >= bound),
          );
      }),
      { numRuns: 120 },
    );
  });

  it('counts all hits but the one that tells of more, and their tags', async () => {
    await client.query(
      "INSERT INTO autotag.terms (term) SELECT 'made ' || n FROM generate_series(1, 4) AS n",
    );
    await client.query(
      "INSERT INTO autotag.tags (tag, term) SELECT 'made ' || n, n FROM generate_series(1, 4) AS n",
    );
    await fc.assert(
      fc.asyncProperty(entries, rows, searches, async (all, photos, ids) => {
        await fill(all, photos);
        const search = withCounts(all, { ...ids, after: undefined, limit: ids.limit + 1 });
        const hits = allHits(all, photos, search).map(([, photo]) => photo);
        for (const kind of plansFor(search).filter((each) => each !== 'merge')) {
          const found = await read(facetsStatement(search, kind, 10));
          const total = Math.min(hits.length, search.limit);
          expect(
            found.map(([count]) => Number(count)),
            kind,
          ).toEqual(found.map(() => total));
          const counts = found.flatMap(([, tag, count]) => (tag === null ? [] : [[tag, Number(count)]]));
          if (total === hits.length && total < search.limit) expect(counts).toEqual(tagCounts(all, hits));
        }
      }),
      { numRuns: 120 },
    );
  });

  it('counts rows by an index, up to a limit', async () => {
    const photos = Array.from({ length: 12 }, (_, index) => {
      return { photo: index + 1, owner: index < 5 ? 'alice' : null, model: 1 + (index % 2), taggedAt: index };
    });
    await fill([], photos);
    const search = { ...largestSearches()[0]!, rows: { owner: 'alice', models: [2], from: 3, before: 9 } };
    expect(await read(countRowsStatement(search, 'owner', 100))).toEqual([['5']]);
    expect(await read(countRowsStatement(search, 'model', 100))).toEqual([['3']]);
    expect(await read(countRowsStatement(search, 'model', 2))).toEqual([['2']]);
  });

  it('finds rows by the index of their condition', async () => {
    // As the store's own connections are set.
    await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
    const search = largestSearches()[0]!;
    const plan = async (index: RowIndex, rows: RowConditions) => {
      const { text, values = [] } = countRowsStatement({ ...search, rows }, index, 10);
      const found = await client.query({ text: `EXPLAIN ${text}`, values: [...values] });
      return JSON.stringify(found.rows);
    };
    const nothing = { owner: undefined, models: undefined, from: undefined, before: undefined };
    expect(await plan('owner', { ...nothing, owner: 'alice' })).toContain('using photos_by_owner');
    expect(await plan('model', { ...nothing, models: [1, 2], from: 3 })).toContain('using photos_by_model');
  });

  it('takes as many terms as a query may have', async () => {
    await fill([], []);
    for (const large of largestSearches())
      for (const kind of plansFor(large))
        expect(await hitsOf(searchStatement(large, kind)), kind).toEqual([]);
  });
});

/** Tags of these photos with their counts, as facets have them. */
function tagCounts(all: readonly Entry[], photos: readonly number[]): [tag: string, photos: number][] {
  const counts = new Map<string, number>();
  for (const [term, , photo] of all) {
    const tag = `made ${String(term)}`;
    if (photos.includes(photo)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
