import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { parseSearchQuery, printSearchQuery, searchTerm } from '../../../src/store/search-query.ts';
import type { SearchQuery } from '../../../src/store/search-query.ts';

const pieces = fc.constantFrom(
  '"',
  '\\',
  '-',
  ' ',
  'score',
  '>',
  '>=',
  '<',
  '0.8',
  'cat',
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

const queries: fc.Arbitrary<SearchQuery> = fc.record({
  wanted: fc.uniqueArray(terms, { minLength: 1, maxLength: 8 }),
  unwanted: fc.uniqueArray(terms, { maxLength: 8 }),
  score: fc.option(
    fc.record({
      comparison: fc.constantFrom('>' as const, '>=' as const),
      value: fc.oneof(fc.constantFrom(0, 1, 1e-7), fc.double({ min: 0, max: 1, noNaN: true })),
    }),
    { nil: undefined },
  ),
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
