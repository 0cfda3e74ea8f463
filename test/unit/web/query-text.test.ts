import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSearchQuery, searchTerm } from '../../../src/store/search-query.ts';
import {
  lastTag,
  lowestScore,
  termOf,
  wants,
  withLowestScore,
  withTag,
} from '../../../src/web/page/search/query-text.ts';

describe('a tag in a query', () => {
  it('is read back as that tag, whatever it is', () => {
    const tag = fc
      .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
      .filter((text) => searchTerm(text) !== '');
    fc.assert(
      fc.property(tag, (text) => {
        expect(parseSearchQuery(termOf(text)).wanted).toEqual([[searchTerm(text)]]);
      }),
    );
  });

  it('is in quotes only where it needs some', () => {
    expect(['valley', 'égyptienne', 'tiger cat', 'OR', 'score', '9lives', 'a"b'].map(termOf)).toEqual([
      'valley',
      'égyptienne',
      '"tiger cat"',
      '"OR"',
      'score',
      '"9lives"',
      '"a\\"b"',
    ]);
  });

  it('is wanted, left out or neither, whatever the query said of it', () => {
    expect(wants('a Valley', 'valley')).toBe(true);
    expect(wants('-valley "valley floor" score>=0.5 "open', 'valley')).toBe(false);
    expect(withTag('valley', 'tiger cat', 'wanted')).toBe('valley "tiger cat"');
    expect(withTag('valley  "Tiger  cat" -dog', 'tiger cat', 'any')).toBe('valley -dog');
    expect(withTag('valley -dog', 'valley', 'left out')).toBe('-dog -valley');
    expect(withTag('-valley dog', 'valley', 'wanted')).toBe('dog valley');
    expect(withTag('"a \\" b" c', 'a " b', 'any')).toBe('c');
    expect(withTag('owner:"Alice B" a', 'a', 'any')).toBe('owner:"Alice B"');
  });

  it('takes its OR with it', () => {
    expect(withTag('a OR b OR c d', 'b', 'any')).toBe('a OR c d');
    expect(withTag('a OR b d', 'a', 'any')).toBe('b d');
    expect(withTag('d a OR b', 'b', 'left out')).toBe('d a -b');
    expect(withTag('a OR a', 'a', 'any')).toBe('');
    expect(withTag('a OR b "OR"', 'or', 'any')).toBe('a OR b');
  });

  it('leaves a query that can be read, and says what was asked for', () => {
    const tag = fc.constantFrom('a', 'B', 'tiger cat', 'OR', 'é "x"');
    const term = fc.tuple(tag, fc.constantFrom('', '-')).map(([text, sign]) => sign + termOf(text));
    const query = fc
      .array(
        fc.oneof(
          term,
          fc.array(tag.map(termOf), { minLength: 2, maxLength: 3 }).map((all) => all.join(' OR ')),
        ),
      )
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(query, tag, fc.constantFrom('wanted', 'left out'), (text, about, as) => {
        const { wanted, unwanted } = parseSearchQuery(withTag(`z ${text}`, about, as));
        const isWanted = wanted.some((terms) => terms.includes(searchTerm(about)));
        const isLeftOut = unwanted.includes(searchTerm(about));
        expect([isWanted, isLeftOut]).toEqual([as === 'wanted', as === 'left out']);
      }),
    );
  });
});

describe('the lowest score of a query', () => {
  it('is read and written', () => {
    expect(lowestScore('valley')).toBe(0);
    expect(lowestScore('valley score>.25')).toBe(0.25);
    expect(withLowestScore('valley score>.25 -dog', 0.6)).toBe('valley -dog score>=0.6');
    expect(withLowestScore('valley score>=0.6', 0)).toBe('valley');
    expect(lowestScore('"score>0.9" valley')).toBe(0);
  });
});

describe('what is being written at the end of a query', () => {
  it('is the beginning of a tag', () => {
    expect(lastTag('valley ti')).toEqual({ before: 'valley ', prefix: 'ti' });
    expect(lastTag('valley -"tiger c')).toEqual({ before: 'valley -', prefix: 'tiger c' });
    expect(lastTag('"tiger cat" va')).toEqual({ before: '"tiger cat" ', prefix: 'va' });
    for (const query of ['', 'valley ', '"tiger cat"'])
      expect(lastTag(query)).toEqual({ before: query, prefix: '' });
  });
});
