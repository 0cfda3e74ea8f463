import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTagStore } from '../../../src/store/postgres-tag-store.ts';
import {
  beginningStatement,
  depthStatement,
  searchStatement,
} from '../../../src/store/postgres/search-statement.ts';
import type { Search } from '../../../src/store/search-plan.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { entries, scan, searches, type Entry, type Hit } from './search-samples.ts';

describe('both search plans, as statements of PostgreSQL', () => {
  let server: TestPostgres;
  let client: pg.Client;
  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.createDatabase();
    await (await PostgresTagStore.open({ url })).close();
    client = new pg.Client({ connectionString: url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  const hitsOf = async ({ text, values = [] }: ReturnType<typeof searchStatement>) => {
    const { rows } = await client.query<{ score: number; photo: string }>({ text, values: [...values] });
    return rows.map(({ score, photo }): Hit => [score, Number(photo)]);
  };

  const fill = async (all: readonly Entry[]) => {
    await client.query('TRUNCATE autotag.postings');
    await client.query({
      text: `INSERT INTO autotag.postings (term, score, photo)
             SELECT (value ->> 0)::integer, (value ->> 1)::smallint, (value ->> 2)::bigint FROM json_array_elements($1)`,
      values: [JSON.stringify(all)],
    });
  };
  const withCounts = (
    all: readonly Entry[],
    {
      wanted,
      unwanted,
      ...rest
    }: Omit<Search, 'wanted' | 'unwanted' | 'photos'> & Record<'wanted' | 'unwanted', number[]>,
  ): Search => {
    const term = (id: number) => ({ id, photos: all.filter(([each]) => each === id).length });
    return { ...rest, wanted: wanted.map(term), unwanted: unwanted.map(term), photos: 12 };
  };

  it('list the hits of a scan, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(entries, searches, async (all, terms) => {
        await fill(all);
        const search = withCounts(all, terms);
        const expected = scan(all, search);
        for (const kind of ['merge', 'probe'] as const)
          expect(await hitsOf(searchStatement(search, kind)), kind).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('find among the beginnings of lists what is there of the first page', async () => {
    await fc.assert(
      fc.asyncProperty(entries, searches, fc.integer({ min: 0, max: 7 }), async (all, search, bound) => {
        await fill(all);
        const full = withCounts(all, { ...search, after: undefined });
        const expected = scan(all, full);
        expect(await hitsOf(beginningStatement(full, bound))).toEqual(
          expected.filter(([score]) => score >= bound),
        );
        const { text, values = [] } = depthStatement(full);
        const { rows } = await client.query<{ max: number | null }>({ text, values: [...values] });
        expect(await hitsOf(beginningStatement(full, rows[0]?.max ?? 0))).toEqual(
          expected.filter(([score]) => score >= (rows[0]?.max ?? 0)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it.each(['merge', 'probe'] as const)('%s takes as many terms as a query may have', async (kind) => {
    const terms = Array.from({ length: 32 }, (_, index) => ({ id: index + 1, photos: 5 }));
    const rest = { photos: 12, floor: 1, after: { score: 6, photo: 3 }, limit: 20 };
    await client.query('TRUNCATE autotag.postings');
    for (const [wanted, unwanted] of [
      [terms, []],
      [terms.slice(0, 16), terms.slice(16)],
      [terms.slice(0, 1), terms.slice(1)],
    ] as const)
      expect(await hitsOf(searchStatement({ ...rest, wanted, unwanted }, kind))).toEqual([]);
  });
});
