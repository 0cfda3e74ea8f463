import fc from 'fast-check';
import type { CorrectionRequest } from '../../src/store/corrections.ts';
import type { SearchQuery } from '../../src/store/search-query.ts';
import { searchTerm } from '../../src/store/search-query.ts';
import {
  type Outdated,
  type RescoredBatch,
  type ScoredTag,
  type Submission,
  type TagResult,
  toScoreUnits,
} from '../../src/store/tag-store.ts';

/** A result with everything a test does not care about filled in. */
export function result(
  photoId: string,
  tags: Readonly<Record<string, number>> | readonly ScoredTag[] = {},
  more: Partial<TagResult> = {},
): TagResult {
  const list = Array.isArray(tags)
    ? (tags as readonly ScoredTag[])
    : Object.entries(tags).map(([tag, score]) => ({ tag, score: score as number }));
  return {
    photoId,
    submission: { epoch: 1_700_000_000_000, sequence: 1 },
    activation: 1,
    model: 'a'.repeat(64),
    extractor: 'lite0',
    taggedAt: 1_700_000_000_123,
    tags: list.toSorted((a, b) => b.score - a.score),
    ...more,
  };
}

/** What scoring photos again says of them; who says so is the same for all, see {@link byOne}. */
export function rescoredBatch(photos: readonly TagResult[]): RescoredBatch {
  const { activation, model, extractor, taggedAt } = photos[0] ?? result('none');
  const tags = photos.flatMap((photo) => photo.tags);
  const names = [...new Set(tags.map(({ tag }) => tag))];
  return {
    ...{ activation, model, extractor, taggedAt, names },
    photos: photos.map(({ photoId, submission }) => ({ photoId, submission })),
    counts: Uint32Array.from(photos, (photo) => photo.tags.length),
    tags: Uint32Array.from(tags, ({ tag }) => names.indexOf(tag)),
    scores: Uint16Array.from(tags, ({ score }) => toScoreUnits(score)),
  };
}

/** Results as those of the model that the first is of. */
function byOne(results: readonly TagResult[]): TagResult[] {
  return results.map((each) => {
    const { activation, model, extractor, taggedAt } = results[0] ?? each;
    return { ...each, activation, model, extractor, taggedAt };
  });
}

/** Names that have broken other programs. */
export const hostileNames = [
  '__proto__',
  'constructor',
  '2013',
  '0',
  '-1',
  "Robert'); DROP TABLE photos;--",
  '"quoted"',
  '%_*?',
  '\\',
  '-tag',
  'score>0.8',
  'AND',
  ' padded ',
  '👩‍👩‍👧‍👦',
  'e\u0301t\u00e9',
  'İstanbul',
  'ΟΔΟΣ',
  'straße',
  '猫',
  'שלום',
  '\u202eabc',
  'null',
  '{"a":[1]}',
  'a.b.>.*',
  'x'.repeat(256),
  '🐈'.repeat(64),
];

// Few of each, so that they meet.
const photoIds = fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5', 'p6', '__proto__', "p'7");
const tags = ['cat', 'Cat', 'dog', 'tabby cat', 'été', 'e\u0301te\u0301', 'ÉTÉ', '2013', '__proto__', '-x'];
const score = fc.oneof(
  fc.constantFrom(0, 1, 0.5, 0.8, 0.80004, 0.80005),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

const submissions: fc.Arbitrary<Submission> = fc.record({
  epoch: fc.constantFrom(1_700_000_000_000, 1_800_000_000_000),
  sequence: fc.integer({ min: 1, max: 4 }),
});

const results: fc.Arbitrary<TagResult> = fc.record({
  photoId: photoIds,
  submission: submissions,
  activation: fc.integer({ min: 1, max: 3 }),
  model: fc.constantFrom('a1b2', 'a1c3', 'b1'),
  owner: fc.constantFrom(undefined, undefined, 'alice', 'Alice', "o'b %_"),
  extractor: fc.constantFrom('lite0', 'hog'),
  file: fc.constantFrom(undefined, 'summer/ü ☀.jpg'),
  sha256: fc.constantFrom(undefined, 'ab'.repeat(32)),
  width: fc.constantFrom(undefined, 224),
  height: fc.constantFrom(undefined, 1),
  attributes: fc.constantFrom(undefined, { camera: 'K2 ☀', iso: 0.1, flash: false }),
  taggedAt: fc.oneof(
    fc.integer({ min: 0, max: 2_000_000_000_000 }),
    fc.constantFrom(0, 1_000, 1_500_000_000_000),
  ),
  tags: fc
    .uniqueArray(fc.record({ tag: fc.constantFrom(...tags), score }), { selector: ({ tag }) => tag })
    .map((list) => list.toSorted((a, b) => b.score - a.score)),
});

const terms = [...new Set([...tags.map(searchTerm), 'never a class', 'unknown'])];

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const groups = fc.shuffledSubarray(terms, { minLength: 1, maxLength: 3 });

const queries: fc.Arbitrary<SearchQuery> = fc
  .record({
    wanted: fc.array(
      fc.oneof(
        groups,
        fc.constantFrom(...terms).map((term) => [term]),
      ),
      { maxLength: 3 },
    ),
    unwanted: fc.shuffledSubarray(terms, { maxLength: 2 }),
    score: optional(fc.record({ comparison: fc.constantFrom('>', '>='), value: score })),
    owner: optional(fc.constantFrom('alice', "o'b %_", 'nobody')),
    model: optional(fc.constantFrom('a', 'a1', 'b1', 'c')),
    taggedFrom: optional(fc.constantFrom(0, 1_000, 1_500_000_000_000)),
    taggedBefore: optional(fc.constantFrom(1_000, 1_500_000_000_000, 3_000_000_000_000)),
  })
  // Some are of tags alone.
  .chain((query) =>
    fc.constantFrom(query, { wanted: query.wanted, unwanted: query.unwanted, score: query.score }),
  )
  .filter(
    ({ wanted, ...query }) =>
      wanted.length > 0 ||
      Object.entries(query).some(
        ([key, value]) => key !== 'unwanted' && key !== 'score' && value !== undefined,
      ),
  );

const corrections: fc.Arbitrary<CorrectionRequest> = fc.record({
  photoId: photoIds,
  tags: fc.array(
    fc.record({
      tag: fc.constantFrom(...tags, 'never a class'),
      verdict: fc.constantFrom('accept', 'reject', 'none'),
    }),
    { maxLength: 4 },
  ),
  by: fc.constantFrom('ann', '__proto__ ☀'),
  at: fc.integer({ min: 0, max: 2 }),
});

/** One step of a random history. */
export type Step =
  | { readonly kind: 'write'; readonly batch: readonly TagResult[] }
  | { readonly kind: 'rescore'; readonly batch: readonly TagResult[] }
  | { readonly kind: 'correct'; readonly request: CorrectionRequest }
  | { readonly kind: 'corrected'; readonly limit: number }
  | { readonly kind: 'outdated'; readonly which: Outdated; readonly limit: number }
  | { readonly kind: 'forget'; readonly photoId: string; readonly upTo: Submission | undefined }
  | { readonly kind: 'search'; readonly query: SearchQuery; readonly limit: number };

/** Random histories of one store. */
export const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('write' as const), batch: fc.array(results, { maxLength: 8 }) }),
    fc.record({
      kind: fc.constant('rescore' as const),
      batch: fc.array(results, { maxLength: 8 }).map(byOne),
    }),
    fc.record({ kind: fc.constant('correct' as const), request: corrections }),
    fc.record({ kind: fc.constant('corrected' as const), limit: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      kind: fc.constant('outdated' as const),
      which: fc.record({
        activation: fc.integer({ min: 1, max: 4 }),
        taggedBefore: fc.constantFrom(0, 1_000_000_000_000),
      }),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({
      kind: fc.constant('forget' as const),
      photoId: photoIds,
      upTo: fc.option(submissions, { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('search' as const),
      query: queries,
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  ),
  { maxLength: 25 },
);
