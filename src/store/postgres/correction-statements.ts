import { changesOf, keptText, maxCorrections } from '../corrections.ts';
import type { CorrectionRequest } from '../corrections.ts';
import type { Sql } from './server-pools.ts';

/**
 * Migration: what users say of a photo, as `corrections.ts` has it. Where they do, `tags` and `scores` are what counts, and what the
 * machine says is beside them.
 */
export const correctionsMigration = `
  ALTER TABLE autotag.photos ADD COLUMN corrections jsonb, ADD COLUMN machine_tags integer[], ADD COLUMN machine_scores smallint[];
  CREATE INDEX corrected_photos ON autotag.photos (number) WHERE corrections IS NOT NULL;

  -- Whoever updates a row gives it the tags that the machine says; here they become what counts.
  CREATE FUNCTION autotag.correct_photo() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    NEW.machine_tags := NULL;
    NEW.machine_scores := NULL;
    IF NEW.corrections IS NULL THEN RETURN NEW; END IF;
    NEW.machine_tags := NEW.tags;
    NEW.machine_scores := NEW.scores;
    SELECT coalesce(array_agg(tag ORDER BY place), '{}'), coalesce(array_agg(score ORDER BY place), '{}')
      INTO NEW.tags, NEW.scores
      FROM (
        SELECT tags.id AS tag, 10000::smallint AS score, 0 AS place
        FROM jsonb_each(NEW.corrections) AS corrected (term, said) JOIN autotag.tags ON tags.tag = said ->> 'tag'
        WHERE said ->> 'verdict' = 'accept'
        UNION ALL
        SELECT listed.tag, listed.score, place
        FROM unnest(NEW.machine_tags, NEW.machine_scores) WITH ORDINALITY AS listed (tag, score, place)
        WHERE NOT EXISTS (SELECT FROM autotag.tags JOIN autotag.terms ON terms.id = tags.term
                          WHERE tags.id = listed.tag AND NEW.corrections ? terms.term)
      ) AS counted;
    RETURN NEW;
  END $$;
  CREATE TRIGGER photo_corrected BEFORE UPDATE ON autotag.photos FOR EACH ROW
    WHEN (OLD.corrections IS NOT NULL OR NEW.corrections IS NOT NULL) EXECUTE FUNCTION autotag.correct_photo();
`;

/** What the corrections of a row are after those of a request, `{}` if none is left. */
const changed = `(coalesce(corrections, '{}') - $2::text[]) || $3::jsonb`;

/** Corrects a photo; returns a row if it is there and has room. */
export function correctStatement(request: CorrectionRequest): Sql {
  const { terms, given } = changesOf(request);
  return {
    text: `
      UPDATE autotag.photos SET corrections = nullif(${changed}, '{}'),
        tags = coalesce(machine_tags, tags), scores = coalesce(machine_scores, scores)
      WHERE id = $1 AND forgotten_at IS NULL
        AND (SELECT count(*) FROM jsonb_object_keys(${changed})) <= ${String(maxCorrections)}
      RETURNING true`,
    values: [request.photoId, terms, keptText(given)],
  };
}
