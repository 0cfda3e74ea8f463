import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlDatabase } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { planSearch } from '../../../src/store/search-plan.ts';
import type { Search } from '../../../src/store/search-plan.ts';
import { entries, scan, searches } from './search-samples.ts';
import type { Hit } from './search-samples.ts';

describe('both search plans', () => {
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

  const clear = () => {
    database.execute('DELETE FROM postings; DELETE FROM members');
  };

  it('list the hits of a scan, in its order', () => {
    fc.assert(
      fc.property(entries, searches, (all, { wanted, unwanted, ...rest }) => {
        clear();
        const rows = JSON.stringify(all);
        for (const table of ['postings', 'members'])
          database
            .prepare(
              `INSERT INTO ${table} (term, score, photo)
               SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
            )
            .run(rows);
        const term = (id: number) => ({ id, photos: all.filter(([each]) => each === id).length });
        const search: Search = {
          ...rest,
          wanted: wanted.map(term),
          unwanted: unwanted.map(term),
          photos: 12,
        };
        const expected = scan(all, search);
        for (const kind of ['merge', 'probe'] as const) {
          const { sql, values } = planSearch(search, kind);
          expect(database.prepare<Hit>(sql).all(...values), kind).toEqual(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(['merge', 'probe'] as const)(
    '%s follows the indexes: it neither scans a table nor sorts a list to walk it',
    (kind) => {
      const search: Search = {
        wanted: [
          { id: 1, photos: 9 },
          { id: 2, photos: 9 },
        ],
        unwanted: [{ id: 3, photos: 9 }],
        photos: 12,
        floor: 5,
        after: { score: 6, photo: 3 },
        limit: 20,
      };
      const { sql, values } = planSearch(search, kind);
      const steps = database
        .prepare<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map(([, , , step]) => step);
      expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([]);
      if (kind === 'merge') expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
      if (kind === 'merge') expect(steps).toContain('MERGE (UNION ALL)');
      expect(steps.join('\n')).toMatch(/SEARCH p USING PRIMARY KEY/);
    },
  );

  it.each(['merge', 'probe'] as const)('%s takes as many terms as a query may have', (kind) => {
    const terms = Array.from({ length: 32 }, (_, index) => ({ id: index + 1, photos: 5 }));
    const rest = { photos: 12, floor: 1, after: { score: 6, photo: 3 }, limit: 20 };
    clear();
    for (const [wanted, unwanted] of [
      [terms, []],
      [terms.slice(0, 16), terms.slice(16)],
      [terms.slice(0, 1), terms.slice(1)],
    ] as const) {
      const { sql, values } = planSearch({ ...rest, wanted, unwanted }, kind);
      expect(database.prepare<Hit>(sql).all(...values)).toEqual([]);
    }
  });
});
