import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { maxQueryBytes, parseSearchQuery, searchTerm } from '../../../src/store/search-query.ts';
import type { SearchQuery } from '../../../src/store/search-query.ts';

describe('parseSearchQuery', () => {
  it.each<[string, SearchQuery]>([
    ['beach', { wanted: [['beach']], unwanted: [] }],
    ['  beach \t sunset\n', { wanted: [['beach'], ['sunset']], unwanted: [] }],
    [
      'beach sunset -people score>0.8',
      { wanted: [['beach'], ['sunset']], unwanted: ['people'], score: { comparison: '>', value: 0.8 } },
    ],
    ['"tabby cat" -"great dane"', { wanted: [['tabby cat']], unwanted: ['great dane'] }],
    ['SCORE>=.5 cat', { wanted: [['cat']], unwanted: [], score: { comparison: '>=', value: 0.5 } }],
    ['Cat CAT -Dog -dog', { wanted: [['cat']], unwanted: ['dog'] }],
    ['"say \\"cheese\\"" "back\\\\slash"', { wanted: [['say "cheese"'], ['back\\slash']], unwanted: [] }],
    ['"score>0.8" "-x" "OR"', { wanted: [['score>0.8'], ['-x'], ['or']], unwanted: [] }],
    ['score', { wanted: [['score']], unwanted: [] }],
    [
      "rock'n'roll 2013 t-shirt 50% AT&T or",
      { wanted: [["rock'n'roll"], ['2013'], ['t-shirt'], ['50%'], ['at&t'], ['or']], unwanted: [] },
    ],
    ['__proto__ -constructor', { wanted: [['__proto__']], unwanted: ['constructor'] }],
    ['猫 -🐕', { wanted: [['猫']], unwanted: ['🐕'] }],
    ['"tabby   cat "', { wanted: [['tabby cat']], unwanted: [] }],
    ['"a\nb"', { wanted: [['a b']], unwanted: [] }],
    ['beach OR coast sunset -people', { wanted: [['beach', 'coast'], ['sunset']], unwanted: ['people'] }],
    ['a b OR "c d" OR B e', { wanted: [['a'], ['b', 'c d'], ['e']], unwanted: [] }],
    ['a OR b b OR a', { wanted: [['a', 'b']], unwanted: [] }],
    ['cat date>=2026-01-31', { wanted: [['cat']], unwanted: [], taggedFrom: Date.UTC(2026, 0, 31) }],
    ['cat date>2026-01-31', { wanted: [['cat']], unwanted: [], taggedFrom: Date.UTC(2026, 1, 1) }],
    ['cat date<2026-01-31', { wanted: [['cat']], unwanted: [], taggedBefore: Date.UTC(2026, 0, 31) }],
    [
      'date>2026-01-31T10:00+02:00 date<=2026-01-31T09:30:15.250Z',
      {
        wanted: [],
        unwanted: [],
        taggedFrom: Date.UTC(2026, 0, 31, 8, 0, 0, 1),
        taggedBefore: Date.UTC(2026, 0, 31, 9, 30, 15, 251),
      },
    ],
    ['Model:3F2A91 -dog', { wanted: [], unwanted: ['dog'], model: '3f2a91' }],
    ['owner:Alice', { wanted: [], unwanted: [], owner: 'Alice' }],
    ['cat owner:" a:\\"b\\" "', { wanted: [['cat']], unwanted: [], owner: ' a:"b" ' }],
    ['owner:a:b', { wanted: [], unwanted: [], owner: 'a:b' }],
    ['date owner model', { wanted: [['date'], ['owner'], ['model']], unwanted: [] }],
  ])('reads %j', (text, query) => {
    expect(parseSearchQuery(text)).toEqual(query);
  });

  it.each<[string, number, RegExp]>([
    ['', 1, /empty.*name at least one tag/],
    [' \t ', 1, /empty/],
    ['-people', 1, /leave out.*at least one tag/],
    ['score>0.8', 1, /at least one tag/],
    ['"tabby cat', 1, /never ends/],
    ['cat "', 5, /never ends/],
    ['cat ""', 5, /empty quotation/],
    ['cat "  "', 5, /empty quotation/],
    ['cat -', 5, /minus/],
    ['cat --dog', 5, /minus/],
    ['cat"dog"', 4, /put a space/],
    ['"cat"dog', 6, /put a space/],
    ['🐈🐈 size>3', 4, /operator.*quote/],
    ['cat tag:dog', 5, /operator/],
    ['cat a=b', 5, /operator/],
    ['cat -score>0.5', 5, /operator/],
    ['cat score<0.5', 5, />=/],
    ['cat score=0.5', 5, />=/],
    ['cat score:0.5', 5, />=/],
    ['cat score>>0.5', 5, />=/],
    ['cat score>', 5, /number from 0 to 1/],
    ['cat score> 0.5', 5, /without a space/],
    ['cat score>1.5', 5, /number from 0 to 1/],
    ['cat score>-1', 5, /number from 0 to 1/],
    ['cat score>0x1', 5, /number from 0 to 1/],
    ['cat score>NaN', 5, /number from 0 to 1/],
    ['cat score>0.5 score>0.6', 15, /twice/],
    ['cat OR', 5, /both sides/],
    ['OR cat', 1, /both sides/],
    ['cat OR OR dog', 8, /both sides/],
    ['cat OR -dog', 5, /both sides/],
    ['-cat OR dog', 6, /both sides/],
    ['cat OR owner:alice', 5, /both sides/],
    ['cat -OR', 5, /not an operator/],
    ['cat date=2026-01-31', 5, /dates know/],
    ['cat date>=2026-02-30', 5, /a day, or a time with its zone/],
    ['cat date>=2026-01-31T10:00', 5, /with its zone/],
    ['cat date>=yesterday', 5, /a day/],
    ['cat date>=1969-12-31', 5, /a day/],
    ['cat date> 2026-01-31', 5, /without a space/],
    ['date>2026-01-31 date>=2026-01-31', 17, /date twice/],
    ['model:xyz', 1, /hex digits/],
    ['model=3f', 1, /hex digits/],
    ['cat owner:', 5, /owner that is empty/],
    ['cat owner:""', 5, /owner that is empty/],
    ['cat owner=alice', 5, /owner:alice/],
    ['cat owner:alice owner:bob', 17, /owner twice/],
    ['cat -owner:alice', 5, /only tags/],
    ['cat owner:"alice', 5, /never ends/],
    ['score>0.5 -cat', 1, /at least one tag/],
    ['cat AND dog', 5, /not an operator/],
    ['NOT dog', 1, /-tag/],
    ['(cat OR dog) sunset', 1, /no brackets.*write beach OR coast sunset.*quote the tag/],
    ['cat|dog', 1, /write beach OR coast.*quote the tag/],
    ['cat*', 1, /quote the tag/],
    [Array.from({ length: 33 }, (_, index) => `t${String(index)}`).join(' '), 119, /32 is the most/],
    [Array.from({ length: 10_000 }, (_, index) => `t${String(index)}`).join(' OR '), 1, /4096 bytes/],
    ['x'.repeat(maxQueryBytes + 1), 1, /4096 bytes/],
    ['é'.repeat(maxQueryBytes / 2 + 1), 1, /4096 bytes/],
  ])('refuses %j at character %d', (text, position, reason) => {
    let fault: unknown;
    try {
      parseSearchQuery(text);
    } catch (thrown) {
      fault = thrown;
    }
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'QUERY_SYNTAX', details: { position } });
    expect((fault as Fault).message).toMatch(reason);
    expect((fault as Fault).message.length).toBeLessThan(300);
  });
});

describe('searchTerm', () => {
  it.each([
    ['Cat', 'cat'],
    ['ÉTÉ', 'e\u0301te\u0301'],
    ['ΟΔΟΣ', 'οδος'],
    ['ΣΑΣ', 'σασ'],
    ['straße', 'STRASSE'],
    ['STRAẞE', 'strasse'],
    [' tabby \u00a0 cat ', 'tabby cat'],
  ])('takes %j and %j for one', (one, other) => {
    expect(searchTerm(one)).toBe(searchTerm(other));
  });

  it('keeps accents and scripts apart', () => {
    expect(new Set(['resume', 'résumé', 'A', 'А', 'ı', 'і'].map(searchTerm)).size).toBe(6);
  });
});
