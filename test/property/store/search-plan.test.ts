import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlDatabase } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrations.ts';
import type { Search } from '../../../src/store/search-plan.ts';
import { countRowsText, searchText, someHitsText } from '../../../src/store/search-text.ts';
import type { BoundText, Plan } from '../../../src/store/search-text.ts';
import { allHits, entries, largestSearches, rows, scan, searches, withCounts } from './search-samples.ts';
import type { Entry, Hit, Row } from './search-samples.ts';

const byRows: Plan[] = [
  { kind: 'rows', index: undefined },
  { kind: 'rows', index: 'owner' },
  { kind: 'rows', index: 'model' },
];

/** The plans that a search may have. */
function plansFor({ wanted, rows: conditions }: Search): Plan[] {
  const usable = byRows.filter(
    (plan) =>
      plan.kind === 'rows' &&
      (plan.index === undefined || conditions?.[plan.index === 'owner' ? 'owner' : 'models'] !== undefined),
  );
  return [
    ...(wanted.length === 0 ? [] : ([{ kind: 'merge' }, { kind: 'probe' }] as const)),
    ...(conditions === undefined ? [] : usable),
  ];
}

describe('every plan of a search', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'autotag-plan-'));
  let database: SqlDatabase;
  beforeAll(() => {
    const file = path.join(folder, 'tags.db');
    database = new SqlDatabase({ file, cacheKib: 1024, busyTimeoutMs: 0 });
    migrate(database, file);
  });
  afterAll(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const fill = (all: readonly Entry[], photos: readonly Row[]) => {
    database.execute('DELETE FROM postings; DELETE FROM members; DELETE FROM photos');
    for (const table of ['postings', 'members'])
      database
        .prepare(
          `INSERT INTO ${table} (term, score, photo)
           SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
        )
        .run(JSON.stringify(all));
    database
      .prepare(
        `INSERT INTO photos (row, id, owner, model, tagged_at, epoch, sequence, activation, tags)
         SELECT value ->> 'photo', value ->> 'photo', value ->> 'owner', value ->> 'model', value ->> 'taggedAt', 1, 1, 1, x''
         FROM json_each(?)`,
      )
      .run(JSON.stringify(photos));
  };
  const read = ({ sql, values }: BoundText) => database.prepare<Hit>(sql).all(...values);

  it('lists the hits of a scan, in its order', () => {
    fc.assert(
      fc.property(entries, rows, searches, (all, photos, ids) => {
        fill(all, photos);
        const search = withCounts(all, ids);
        const expected = scan(all, photos, search);
        for (const plan of plansFor(search))
          expect(read(searchText(search, plan)), JSON.stringify(plan)).toEqual(expected);
      }),
      { numRuns: 250 },
    );
  });

  it('finds as many hits as there are, each once, where any will do', () => {
    fc.assert(
      fc.property(entries, rows, searches, (all, photos, ids) => {
        fill(all, photos);
        const search = withCounts(all, { ...ids, after: undefined });
        const hits = allHits(all, photos, search).map(([, photo]) => photo);
        for (const plan of plansFor(search).filter(({ kind }) => kind !== 'merge')) {
          const found = read(someHitsText(search, plan)).map(([, photo]) => photo);
          expect(new Set(found).size, JSON.stringify(plan)).toBe(Math.min(hits.length, search.limit));
          expect(hits).toEqual(expect.arrayContaining(found));
          const latest = hits.toSorted((a, b) => b - a).slice(0, search.limit);
          if (plan.kind === 'probe') expect(found).toEqual(latest);
        }
      }),
      { numRuns: 250 },
    );
  });

  it('counts rows by an index, up to a limit', () => {
    const photos = Array.from({ length: 12 }, (_, index) => {
      return { photo: index + 1, owner: index < 5 ? 'alice' : null, model: 1 + (index % 2), taggedAt: index };
    });
    fill([], photos);
    const search = { ...largestSearches()[0]!, rows: { owner: 'alice', models: [2], from: 3, before: 9 } };
    expect(read(countRowsText(search, 'owner', 100))).toEqual([[5]]);
    expect(read(countRowsText(search, 'model', 100))).toEqual([[3]]);
    expect(read(countRowsText(search, 'model', 2))).toEqual([[2]]);
  });

  const steps = ({ sql, values }: BoundText) =>
    database
      .prepare<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(([, , , step]) => step);
  const term = (id: number) => ({ id, photos: 9 });
  const search: Search = {
    wanted: [[term(1)], [term(2), term(4)]],
    unwanted: [term(3)],
    rows: { owner: 'alice', models: [1], from: 1, before: undefined },
    photos: 12,
    floor: 5,
    after: { score: 6, photo: 3 },
    limit: 20,
  };

  it('walks by the indexes: no table is scanned, no list sorted', () => {
    for (const found of [
      steps(searchText(search, { kind: 'merge' })),
      steps(someHitsText(search, { kind: 'probe' })),
    ]) {
      expect(found.filter((step) => step.startsWith('SCAN'))).toEqual([]);
      expect(found.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
      expect(found.join('\n')).toMatch(/SEARCH p USING PRIMARY KEY/);
    }
    expect(steps(searchText(search, { kind: 'merge' }))).toContain('MERGE (UNION ALL)');
  });

  it('begins with an index of rows, or with the last row, and reads no further than the page', () => {
    expect(steps(searchText(search, { kind: 'rows', index: 'owner' })).join('\n')).toMatch(
      /SEARCH photos USING INDEX photos_by_owner/,
    );
    expect(steps(searchText(search, { kind: 'rows', index: 'model' })).join('\n')).toMatch(
      /SEARCH photos USING INDEX photos_by_model/,
    );
    const latest = steps(searchText({ ...search, wanted: [] }, { kind: 'rows', index: undefined }));
    expect(latest.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });

  it('takes as many terms as a query may have', () => {
    fill([], []);
    for (const large of largestSearches()) {
      for (const plan of plansFor(large)) {
        expect(read(searchText(large, plan))).toEqual([]);
        expect(read(someHitsText(large, plan))).toEqual([]);
      }
    }
  });
});
