import {
  checkFeatureRow,
  featureStoreName,
  type FeatureRow,
} from '../../model/feature-store/feature-store.ts';
import { packRow } from '../../model/feature-store/segment-format.ts';
import type { ExtractorReference } from '../../model/model-header.ts';
import type { TaggedPhoto } from '../tagged-photo.ts';
import type { Submission } from '../tag-store.ts';
import type { Sql } from './server-pools.ts';

/**
 * Migration: features of a photo by an extractor, as they lie in the files of an embedded store, with the submission that they are of; epoch
 * 0 is of none, but of a file that was described for training. Some 1,300 bytes stay in their row, and do not get smaller: nobody tries.
 *
 * And photos that were forgotten, until the node that has the runs knows.
 */
export const featuresMigration = `
  CREATE TABLE autotag.features (
    photo text COLLATE "C" NOT NULL,
    extractor text COLLATE "C" NOT NULL, -- name, version and parameters
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    packed bytea NOT NULL,
    PRIMARY KEY (photo, extractor)
  ) WITH (toast_tuple_target = 8160);
  ALTER TABLE autotag.features ALTER COLUMN packed SET STORAGE EXTERNAL;
  CREATE TABLE autotag.erasures (number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, photo text NOT NULL);
`;

/** A row of {@link pageStatement} and {@link selectStatement}. */
export type PackedFeatures = readonly [photo: string, packed: Buffer];

/** Features that count: those of another submission than the photo's row are not of what the row is of. */
const current = `autotag.features AS kept LEFT JOIN autotag.photos AS photo ON photo.id = kept.photo
  WHERE kept.extractor = $1 AND (kept.epoch = 0
    OR (photo.forgotten_at IS NULL AND photo.epoch = kept.epoch AND photo.sequence = kept.sequence))`;

/** Asks whether a photo has features. */
export function hasStatement(extractor: ExtractorReference, id: string): Sql {
  return {
    text: `SELECT true FROM ${current} AND kept.photo = $2`,
    values: [featureStoreName(extractor), id],
  };
}

/** Features of these photos, of those that have some. */
export function selectStatement(extractor: ExtractorReference, ids: readonly string[]): Sql {
  return {
    text: `SELECT kept.photo, kept.packed FROM ${current} AND kept.photo = ANY ($2::text[])`,
    values: [featureStoreName(extractor), ids],
  };
}

/** Features of all photos in their order, a page of them. */
export function pageStatement(extractor: ExtractorReference, after: string, limit: number): Sql {
  return {
    text: `SELECT kept.photo, kept.packed FROM ${current} AND kept.photo > $2 ORDER BY kept.photo LIMIT $3`,
    values: [featureStoreName(extractor), after, limit],
  };
}

/** Keeps features of photos that have no result: those of a submission stay. */
export function describeStatement(extractor: ExtractorReference, rows: readonly FeatureRow[]): Sql {
  return {
    text: `
      INSERT INTO autotag.features AS kept (photo, extractor, epoch, sequence, packed)
      SELECT photo, $1, 0, 0, packed FROM unnest($2::text[], $3::bytea[]) AS described (photo, packed)
      ORDER BY photo COLLATE "C"
      ON CONFLICT (photo, extractor) DO UPDATE SET packed = excluded.packed WHERE kept.epoch = 0`,
    values: [
      featureStoreName(extractor),
      rows.map(({ id }) => id),
      rows.map(({ features }) => packRow(features)),
    ],
  };
}

/** Removes the features of a photo up to a submission, and notes that for the node that has the runs; a row for each. */
export function eraseStatement(id: string, { epoch, sequence }: Submission): Sql {
  return {
    text: `
      WITH noted AS (INSERT INTO autotag.erasures (photo) VALUES ($1))
      DELETE FROM autotag.features WHERE photo = $1 AND (epoch, sequence) <= ($2::bigint, $3::bigint) RETURNING extractor`,
    values: [id, epoch, sequence],
  };
}

/** Removes the features of a photo that were described for training. */
export function eraseDescribedStatement(id: string): Sql {
  return { text: 'DELETE FROM autotag.features WHERE photo = $1 AND epoch = 0', values: [id] };
}

/** A part of a statement: keeps features, as {@link featureColumns} has them, of the rows that it has `kept`. */
export const writeFeatures = `
      described AS (
        INSERT INTO autotag.features AS stored (photo, extractor, epoch, sequence, packed)
        SELECT kept.id, found.extractor, kept.epoch, kept.sequence, found.packed
        FROM kept JOIN unnest($2::text[], $3::text[], $4::bytea[]) AS found (photo, extractor, packed) ON found.photo = kept.id
        ORDER BY kept.id, found.extractor COLLATE "C"
        ON CONFLICT (photo, extractor) DO UPDATE SET
          epoch = excluded.epoch, sequence = excluded.sequence, packed = excluded.packed
        WHERE (stored.epoch, stored.sequence, stored.packed) <> (excluded.epoch, excluded.sequence, excluded.packed))`;

/**
 * The features of tagged photos, as columns.
 * @throws Fault `REQUEST_INVALID`
 */
export function featureColumns(photos: readonly TaggedPhoto[]): [string[], string[], Uint8Array[]] {
  const rows = photos.flatMap(({ result: { photoId: id }, features: found }) =>
    found.map(({ extractor, features }) => ({
      extractor,
      row: checkFeatureRow({ id, features }, extractor),
    })),
  );
  return [
    rows.map(({ row }) => row.id),
    rows.map(({ extractor }) => featureStoreName(extractor)),
    rows.map(({ row }) => packRow(row.features)),
  ];
}
