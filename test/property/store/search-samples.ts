import fc from 'fast-check';
import type { Cursor, RowConditions, Search } from '../../../src/store/search.ts';

/** A photo's score for a term. */
export type Entry = [term: number, score: number, photo: number];
/** What a search lists. */
export type Hit = [score: number, photo: number];
/** What a photo's row says, as far as searches ask. */
export interface Row {
  readonly photo: number;
  readonly owner: string | null;
  readonly model: number;
  readonly taggedAt: number;
}

const termIds = [1, 2, 3, 4];
const photos = Array.from({ length: 12 }, (_, index) => index + 1);
/** Few of each, so that they meet. */
export const entries = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...termIds), fc.integer({ min: 0, max: 6 }), fc.constantFrom(...photos)),
  { selector: ([term, , photo]) => `${String(term)} ${String(photo)}`, maxLength: 48 },
);

const times = fc.integer({ min: 0, max: 4 });

/** A row of every photo. */
export const rows: fc.Arbitrary<Row[]> = fc.tuple(
  ...photos.map((photo) =>
    fc.record({
      photo: fc.constant(photo),
      owner: fc.constantFrom('alice', "o'b", null),
      model: fc.constantFrom(1, 2),
      taggedAt: times,
    }),
  ),
);

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const conditions: fc.Arbitrary<RowConditions | undefined> = fc
  .record({
    owner: optional(fc.constantFrom('alice', "o'b", 'nobody')),
    models: optional(fc.shuffledSubarray([1, 2], { minLength: 1 })),
    from: optional(times),
    before: optional(times),
  })
  .map(({ owner, models, from, before }) => {
    const isTimed = from !== undefined || before !== undefined;
    if (owner === undefined && models === undefined && !isTimed) return undefined;
    return { owner, models: isTimed ? (models ?? [1, 2]) : models, from, before };
  });

/** A search by ids of terms. */
export type SearchByIds = Omit<Search, 'wanted' | 'unwanted' | 'photos'> & {
  readonly wanted: readonly (readonly number[])[];
  readonly unwanted: readonly number[];
};

/** Searches of these. */
export const searches: fc.Arbitrary<SearchByIds> = fc
  .record({
    wanted: fc.array(fc.shuffledSubarray(termIds, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
    unwanted: fc.shuffledSubarray(termIds, { maxLength: 2 }),
    rows: conditions,
    floor: fc.integer({ min: 0, max: 7 }),
    after: optional(
      fc.record({
        score: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(10_000)),
        photo: fc.integer({ min: 0, max: 13 }),
      }),
    ),
    limit: fc.integer({ min: 1, max: 14 }),
  })
  .filter(({ wanted, rows }) => wanted.length > 0 || rows !== undefined);

/** A search with how many photos have each of its terms. */
export function withCounts(all: readonly Entry[], { wanted, unwanted, ...rest }: SearchByIds): Search {
  const term = (id: number) => ({ id, photos: all.filter(([each]) => each === id).length });
  return {
    ...rest,
    wanted: wanted.map((group) => group.map(term)),
    unwanted: unwanted.map(term),
    photos: photos.length,
  };
}

/** What every plan must list, whatever its page: in order. */
export function allHits(entries: readonly Entry[], rows: readonly Row[], search: Search): Hit[] {
  const scoreOf = (term: number, photo: number) => entries.find(([t, , p]) => t === term && p === photo)?.[1];
  const hits = rows.flatMap((row): Hit[] => {
    const { photo } = row;
    if (search.unwanted.some(({ id }) => scoreOf(id, photo) !== undefined)) return [];
    if (!satisfies(row, search.rows)) return [];
    const groups = search.wanted.map((group) => Math.max(...group.map(({ id }) => scoreOf(id, photo) ?? -1)));
    const score = Math.min(10_000, ...groups);
    return score >= search.floor ? [[score, photo]] : [];
  });
  return hits.sort(([a, p], [b, q]) => b - a || q - p);
}

/** What every plan must list. */
export function scan(entries: readonly Entry[], rows: readonly Row[], search: Search): Hit[] {
  const isBehind = ([score, photo]: Hit, after: Cursor) =>
    score < after.score || (score === after.score && photo < after.photo);
  return allHits(entries, rows, search)
    .filter((hit) => search.after === undefined || isBehind(hit, search.after))
    .slice(0, search.limit);
}

function satisfies({ owner, model, taggedAt }: Row, conditions: RowConditions | undefined): boolean {
  if (conditions === undefined) return true;
  const { owner: whose = owner, models = [model], from = 0, before = Infinity } = conditions;
  return owner === whose && models.includes(model) && taggedAt >= from && taggedAt < before;
}

/** Searches with as many terms as a query may have. */
export function largestSearches(): Search[] {
  const terms = Array.from({ length: 32 }, (_, index) => ({ id: index + 1, photos: 5 }));
  const single = terms.map((term) => [term]);
  const rows = { owner: 'alice', models: [1, 2, 3], from: 1, before: 2 };
  const rest = { photos: 12, floor: 1, after: { score: 6, photo: 3 }, limit: 20, rows };
  return [
    { ...rest, wanted: single, unwanted: [] },
    { ...rest, wanted: single.slice(0, 16), unwanted: terms.slice(16) },
    { ...rest, wanted: single.slice(0, 1), unwanted: terms.slice(1) },
    { ...rest, wanted: [terms], unwanted: [] },
    { ...rest, wanted: Array.from({ length: 8 }, (_, at) => terms.slice(4 * at, 4 * at + 4)), unwanted: [] },
  ];
}
