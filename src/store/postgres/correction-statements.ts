import { changesOf, keptText, maxCorrections } from '../corrections.ts';
import type { CorrectionRequest } from '../corrections.ts';
import type { Sql } from './server-pools.ts';

/**
 * Migration: what users say of a photo, as `corrections.ts` has it; NULL where nobody has. `tags` and `scores` stay what the
 * machine says; postings are of what counts.
 */
export const correctionsMigration = `
  ALTER TABLE autotag.photos ADD COLUMN corrections jsonb;
  CREATE INDEX corrected_photos ON autotag.photos (number) WHERE corrections IS NOT NULL;

  -- What photos are found by: what users have accepted, and what the machine says of tags of which they say nothing. Of tags
  -- that differ in case alone, the best counts. Photos of which all this stays keep their postings.
  CREATE OR REPLACE FUNCTION autotag.index_photos() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    live bigint := 0;
    retagged bigint[];
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      retagged := ARRAY(SELECT number FROM (
        SELECT number, tags, scores, corrections FROM written
        EXCEPT SELECT number, tags, scores, corrections FROM replaced) AS retagged);
      DELETE FROM autotag.postings WHERE photo = ANY (retagged);
      live := (SELECT count(*) FROM replaced WHERE forgotten_at IS NULL);
    END IF;
    INSERT INTO autotag.postings (photo, term, score)
      SELECT photo, term, max(score) FROM (
        SELECT written.number AS photo, tags.term, listed.score
        FROM written, unnest(written.tags, written.scores) AS listed (tag, score), autotag.tags
        WHERE tags.id = listed.tag AND (written.corrections IS NULL OR NOT written.corrections ?
          (SELECT terms.term FROM autotag.terms WHERE terms.id = tags.term))
        UNION ALL
        SELECT written.number, terms.id, 10000
        FROM written, jsonb_each(written.corrections) AS corrected (term, said), autotag.terms
        WHERE terms.term = corrected.term AND said ->> 'verdict' = 'accept'
      ) AS effective
      WHERE TG_OP = 'INSERT' OR photo IN (SELECT unnest(retagged))
      GROUP BY photo, term;
    UPDATE autotag.totals SET photos = totals.photos - live + added.photos
      FROM (SELECT count(*) AS photos FROM written WHERE forgotten_at IS NULL) AS added
      WHERE added.photos <> live;
    RETURN NULL;
  END $$;
`;

/** What the corrections of a row are after those of a request, `{}` if none is left. */
const changed = `(coalesce(corrections, '{}') - $2::text[]) || $3::jsonb`;

/** Corrects a photo; returns a row if it is there and has room. */
export function correctStatement(request: CorrectionRequest): Sql {
  const { terms, given } = changesOf(request);
  return {
    text: `
      UPDATE autotag.photos SET corrections = nullif(${changed}, '{}')
      WHERE id = $1 AND forgotten_at IS NULL
        AND (SELECT count(*) FROM jsonb_object_keys(${changed})) <= ${String(maxCorrections)}
      RETURNING true`,
    values: [request.photoId, terms, keptText(given)],
  };
}
