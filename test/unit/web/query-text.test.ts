import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSearchQuery, searchTerm } from '../../../src/store/search-query.ts';
import {
  lastTag,
  lowestScore,
  termOf,
  toggleWord,
  withLowestScore,
  wordsOf,
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

  it('is put in and taken out by the same act', () => {
    expect(toggleWord('valley', '"tiger cat"')).toBe('valley "tiger cat"');
    expect(toggleWord('valley  "tiger cat" -dog', '"tiger cat"')).toBe('valley -dog');
    expect(wordsOf('a "b \\" c" -"d e" score>=0.5 "open')).toEqual([
      'a',
      '"b \\" c"',
      '-"d e"',
      'score>=0.5',
      '"open',
    ]);
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
