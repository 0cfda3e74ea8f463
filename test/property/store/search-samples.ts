import fc from 'fast-check';
import type { Cursor, Search } from '../../../src/store/search-plan.ts';

/** A photo's score for a term. */
export type Entry = [term: number, score: number, photo: number];
/** What a search lists. */
export type Hit = [score: number, photo: number];

const termIds = [1, 2, 3, 4];
/** Few of each, so that they meet. */
export const entries = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...termIds), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 12 })),
  { selector: ([term, , photo]) => `${String(term)} ${String(photo)}`, maxLength: 48 },
);

/** A search of these; terms by their ids. */
export const searches = fc.record({
  wanted: fc.shuffledSubarray(termIds, { minLength: 1 }),
  unwanted: fc.shuffledSubarray(termIds, { maxLength: 2 }),
  floor: fc.integer({ min: 0, max: 7 }),
  after: fc.option(
    fc.record({ score: fc.integer({ min: 0, max: 6 }), photo: fc.integer({ min: 0, max: 13 }) }),
    {
      nil: undefined,
    },
  ),
  limit: fc.integer({ min: 1, max: 14 }),
});

/** What every plan must list. */
export function scan(all: readonly Entry[], search: Search): Hit[] {
  const scoreOf = (term: number, photo: number) => all.find(([t, , p]) => t === term && p === photo)?.[1];
  const hits = [...new Set(all.map(([, , photo]) => photo))].flatMap((photo): Hit[] => {
    if (search.unwanted.some(({ id }) => scoreOf(id, photo) !== undefined)) return [];
    const score = Math.min(...search.wanted.map(({ id }) => scoreOf(id, photo) ?? -1));
    return score >= search.floor ? [[score, photo]] : [];
  });
  const isBehind = ([score, photo]: Hit, after: Cursor) =>
    score < after.score || (score === after.score && photo < after.photo);
  return hits
    .filter((hit) => search.after === undefined || isBehind(hit, search.after))
    .sort(([a, p], [b, q]) => b - a || q - p)
    .slice(0, search.limit);
}
