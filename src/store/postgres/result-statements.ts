import { attributesText } from '../kept-attributes.ts';
import type { Rescored, Submission, TagResult } from '../tag-store.ts';
import { toScoreUnits } from '../tag-store.ts';
import type { TaggedPhoto } from '../tagged-photo.ts';
import { featureColumns, writeFeatures } from './feature-statements.ts';
import type { Sql } from './server-pools.ts';

/** Beats every activation of a submission: what a forgotten photo has. The largest of the type, beyond every safe integer. */
const lastActivation = '9223372036854775807';

/** Which of two rows of a photo stays: the only place where that is said. */
const winsOver = `(excluded.epoch, excluded.sequence, excluded.activation)
               >= (stored.epoch, stored.sequence, stored.activation)`;

/** The number of a result's model. */
const modelNumber = `(SELECT known.id FROM autotag.models AS known
         WHERE known.model = result.model AND known.extractor = result.extractor)`;

/** The numbers of a result's tags, in their order. */
const tagNumbers = `ARRAY(SELECT (SELECT known.id FROM autotag.tags AS known WHERE known.tag = listed.tag)
              FROM unnest(result.tags) WITH ORDINALITY AS listed (tag, place) ORDER BY place)`;

/** Writes rows that win over what is stored. */
const writeRows = `
      INSERT INTO autotag.photos AS stored
        (id, epoch, sequence, activation, model, file, sha256, width, height, tagged_at, tags, scores, attributes, owner)
      SELECT id, epoch, sequence, activation,
        ${modelNumber}, file, decode(sha256, 'hex'), width, height, tagged_at, ${tagNumbers}, scores, attributes,
        owner
      FROM json_to_recordset($1) AS result
        (id text, epoch bigint, sequence bigint, activation bigint, model text, extractor text, file text,
         sha256 text, width bigint, height bigint, tagged_at bigint, tags text[], scores smallint[], attributes text,
         owner text)
      ORDER BY id COLLATE "C"
      ON CONFLICT (id) DO UPDATE SET
        epoch = excluded.epoch, sequence = excluded.sequence, activation = excluded.activation,
        model = excluded.model, file = excluded.file, sha256 = excluded.sha256, width = excluded.width, height = excluded.height,
        tagged_at = excluded.tagged_at, tags = excluded.tags, scores = excluded.scores,
        attributes = excluded.attributes, owner = excluded.owner, forgotten_at = NULL
      WHERE ${winsOver}
      RETURNING id, epoch, sequence`;

/** Keeps thumbnails of the rows that were written, and none of the submissions before. */
const writeThumbnails = `
      pictured AS (
        INSERT INTO autotag.thumbnails (photo, epoch, sequence, webp)
        SELECT kept.id, kept.epoch, kept.sequence, found.webp
        FROM kept JOIN unnest($5::text[], $6::bytea[]) AS found (photo, webp) ON found.photo = kept.id
        ORDER BY kept.id
        ON CONFLICT (photo) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, webp = excluded.webp),
      outdated AS (
        DELETE FROM autotag.thumbnails AS stored USING kept
        WHERE stored.photo = kept.id AND (stored.epoch, stored.sequence) < (kept.epoch, kept.sequence)
          AND stored.photo <> ALL ($5::text[]))`;

/**
 * Keeps results of different photos that win over what is stored, with their features and thumbnails, and returns the ids of these. Rows are
 * locked in the order of their ids, so that two batches of the same photos wait for each other one way; whoever has the lock of a photo's row
 * writes what belongs to it.
 */
export function keepStatement(photos: readonly TaggedPhoto[]): Sql {
  const pictured = photos.flatMap(({ result: { photoId }, thumbnail }) =>
    thumbnail === undefined ? [] : [{ photoId, thumbnail }],
  );
  return {
    text: `WITH kept AS (${writeRows}), ${writeFeatures}, ${writeThumbnails} SELECT id FROM kept`,
    values: [
      JSON.stringify(photos.map(({ result }) => recordOf(result))),
      ...featureColumns(photos),
      pictured.map(({ photoId }) => photoId),
      pictured.map(({ thumbnail }) => thumbnail),
    ],
  };
}

/**
 * Replaces the tags of different photos that are of the same submission and of no later activation, and returns their ids
 * and whether tags or scores are others. Rows are locked as {@link keepStatement} does, and compared as they are then.
 */
export function rescoreStatement(batch: readonly Rescored[]): Sql {
  return {
    text: `
      WITH rescored AS (
        SELECT stored.number, coalesce(stored.machine_tags, stored.tags) AS tags_before,
          coalesce(stored.machine_scores, stored.scores) AS scores_before, result.activation,
          ${modelNumber} AS model, result.tagged_at, ${tagNumbers} AS tags, result.scores
        FROM json_to_recordset($1) AS result
          (id text, epoch bigint, sequence bigint, activation bigint, model text, extractor text, tagged_at bigint,
           tags text[], scores smallint[])
        JOIN autotag.photos AS stored ON stored.id = result.id
        WHERE stored.forgotten_at IS NULL AND (stored.epoch, stored.sequence) = (result.epoch, result.sequence)
          AND stored.activation <= result.activation
        ORDER BY stored.id
        FOR UPDATE OF stored)
      UPDATE autotag.photos AS stored SET
        activation = rescored.activation, model = rescored.model, tagged_at = rescored.tagged_at,
        tags = rescored.tags, scores = rescored.scores
      FROM rescored WHERE stored.number = rescored.number
      RETURNING id, (rescored.tags, rescored.scores) IS DISTINCT FROM (tags_before, scores_before)`,
    values: [JSON.stringify(batch.map(recordOf))],
  };
}

/** Forgets a photo's submissions up to one; returns a row if its tombstone counts: whether the photo was there. */
export function buryStatement(photoId: string, { epoch, sequence }: Submission, now: number): Sql {
  return {
    text: `
      INSERT INTO autotag.photos AS stored (id, epoch, sequence, activation, tags, scores, forgotten_at)
      VALUES ($1, $2, $3, ${lastActivation}, '{}', '{}', $4)
      ON CONFLICT (id) DO UPDATE SET
        epoch = excluded.epoch, sequence = excluded.sequence, ${emptied}, forgotten_at = excluded.forgotten_at
      WHERE ${winsOver}
      RETURNING EXISTS (SELECT FROM autotag.photos AS before WHERE before.id = $1 AND before.forgotten_at IS NULL)`,
    values: [photoId, epoch, sequence, now],
  };
}

/** Forgets what is stored of a photo; returns a row if something was. */
export function buryStoredStatement(photoId: string, now: number): Sql {
  return {
    text: `UPDATE autotag.photos SET ${emptied}, forgotten_at = $2 WHERE id = $1 AND forgotten_at IS NULL RETURNING true`,
    values: [photoId, now],
  };
}

/** Removes tombstones from before a time, a thousand at once; those that somebody writes to are left for the next time. */
export function pruneStatement(before: number): Sql {
  return {
    text: `DELETE FROM autotag.photos WHERE number IN
             (SELECT number FROM autotag.photos WHERE forgotten_at < $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
    values: [before],
  };
}

const emptied = `activation = ${lastActivation}, model = NULL, file = NULL, sha256 = NULL, width = NULL, height = NULL,
  tagged_at = NULL, tags = '{}', scores = '{}', attributes = NULL, owner = NULL, corrections = NULL`;

function recordOf({ photoId, submission, taggedAt, tags, attributes, ...rest }: TagResult) {
  const { activation, model, extractor, file, owner, sha256, width, height } = rest;
  return {
    ...{ id: photoId, ...submission, activation, model, extractor, file, owner, sha256, width, height },
    tagged_at: taggedAt,
    tags: tags.map(({ tag }) => tag),
    scores: tags.map(({ score }) => toScoreUnits(score)),
    // As text: what bolts add may be no Unicode, which JSON can say and PostgreSQL's own type of it cannot.
    attributes: attributes === undefined ? undefined : attributesText(attributes),
  };
}
