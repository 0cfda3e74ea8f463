import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { nameProblem } from '../../../src/base/ids.ts';
import { parseSearchQuery, printSearchQuery, searchTerm } from '../../../src/store/search-query.ts';
import type { SearchQuery } from '../../../src/store/search-query.ts';

const pieces = fc.constantFrom(
  '"',
  '\\',
  '-',
  ' ',
  'score',
  'date',
  'owner',
  'model:',
  '2026-01-31',
  'T10:00Z',
  '>',
  '>=',
  '<',
  '0.8',
  'cat',
  ' OR ',
  'OR',
  '(',
  ':',
  'é',
  '🐈',
  '\n',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
);

const terms = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.array(pieces, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
  )
  .map(searchTerm)
  .filter((term) => term !== '');

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const times = fc.oneof(
  fc.integer({ min: 0, max: Date.UTC(3000, 0, 1) }),
  fc.integer({ min: 0, max: 200_000 }).map((day) => day * 86_400_000),
);

/** Every query that can be written. */
const queries: fc.Arbitrary<SearchQuery> = fc
  .record({
    wanted: fc.uniqueArray(fc.uniqueArray(terms, { minLength: 1, maxLength: 4 }), {
      maxLength: 6,
      selector: (group) => JSON.stringify(group.toSorted()),
    }),
    unwanted: fc.uniqueArray(terms, { maxLength: 8 }),
    score: optional(
      fc.record({
        comparison: fc.constantFrom('>' as const, '>=' as const),
        value: fc.oneof(fc.constantFrom(0, 1, 1e-7), fc.double({ min: 0, max: 1, noNaN: true })),
      }),
    ),
    owner: optional(
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 12 })
        .filter((name) => nameProblem(name) === undefined),
    ),
    model: optional(fc.stringMatching(/^[0-9a-f]{1,64}$/)),
    taggedFrom: optional(times),
    taggedBefore: optional(times),
  })
  .filter(({ wanted, owner, model, taggedFrom, taggedBefore }) => {
    const rows = [owner, model, taggedFrom, taggedBefore];
    return wanted.length > 0 || rows.some((condition) => condition !== undefined);
  });

/** The query if the text is one; anything thrown but a syntax fault is thrown on. */
function parsed(text: string): SearchQuery | undefined {
  try {
    return parseSearchQuery(text);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'QUERY_SYNTAX') return undefined;
    throw thrown;
  }
}

describe('the query language', () => {
  it('reads any text or refuses it with QUERY_SYNTAX; what it read prints and reads back the same', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const query = parsed(text);
        if (query !== undefined) expect(parseSearchQuery(printSearchQuery(query))).toEqual(query);
      }),
      { numRuns: 3000 },
    );
  });

  it('prints any query so that it reads back the same', () => {
    fc.assert(
      fc.property(queries, (query) => {
        expect(parseSearchQuery(printSearchQuery(query))).toEqual(query);
      }),
      { numRuns: 2000 },
    );
  });

  it('folds terms once and for all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(searchTerm(searchTerm(text))).toBe(searchTerm(text));
      }),
      { numRuns: 20_000 },
    );
  });
});
