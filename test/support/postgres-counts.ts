import { expect } from 'vitest';
import type { TestPostgres } from './postgres.ts';

/** What the database derives from its photos is what follows from them. */
export async function expectConsistent(server: TestPostgres, url: string): Promise<void> {
  const derived = `SELECT photos.number AS photo, tags.term, max(listed.score) AS score
    FROM autotag.photos, unnest(photos.tags, photos.scores) AS listed (tag, score) JOIN autotag.tags ON tags.id = listed.tag
    GROUP BY photos.number, tags.term`;
  const wrong = await server.execute(
    url,
    `(SELECT 'posting' AS what, * FROM (${derived}) AS d EXCEPT ALL SELECT 'posting', photo, term, score FROM autotag.postings)
     UNION ALL (SELECT 'posting', photo, term, score FROM autotag.postings EXCEPT ALL SELECT 'posting', * FROM (${derived}) AS d)
     UNION ALL SELECT 'term', 0, id, 0 FROM autotag.terms
       WHERE photos <> (SELECT count(*) FROM autotag.postings WHERE term = terms.id)
     UNION ALL SELECT 'total', 0, 0, 0 FROM autotag.totals
       WHERE photos <> (SELECT count(*) FROM autotag.photos WHERE forgotten_at IS NULL)`,
  );
  expect(wrong).toEqual([]);
}
