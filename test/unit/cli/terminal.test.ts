import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine, jsonText, printable } from '../../../src/terminal/printable.ts';
import { pairs, table } from '../../../src/terminal/table.ts';
import { tree } from '../../../src/terminal/tree.ts';
import {
  bytesText,
  resultLine,
  searchTable,
  tagTable,
  statusCard,
  tagsLine,
  timeText,
} from '../../../src/terminal/views.ts';

const hostile = 'cat\u001B[2J\u009B31m\r\nfake\u202Egpj\u0007';
// eslint-plugin-regexp aside: what a terminal obeys.
const dangerous = /[\p{Cc}\p{Cs}\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029]/u;
const anyText = fc.string({ unit: 'binary' });

describe('printable text', () => {
  it('shows what would be obeyed', () => {
    expect(printable(hostile)).toBe('cat\\u001b[2J\\u009b31m\\r\\nfake\\u202egpj\\u0007');
  });

  it('leaves letters of all scripts, emoji and their joiners as they are', () => {
    const text = 'Ünïcödé 日本語 עברית ‌👩‍👩‍👧 C:\\new';
    expect(printable(text)).toBe(text);
  });

  it('never has anything left that a terminal obeys, nor has JSON', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(printable(text)).not.toMatch(dangerous);
        expect(jsonLine({ text })).not.toMatch(dangerous);
        expect(jsonText({ text }).replaceAll('\n', '')).not.toMatch(dangerous);
      }),
    );
  });

  it('keeps the value of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        const data = JSON.parse(JSON.stringify({ value, text })) as unknown;
        expect(JSON.parse(jsonLine(data))).toEqual(data);
        expect(JSON.parse(jsonText(data))).toEqual(data);
      }),
    );
  });
});

describe('a table', () => {
  const rows = [
    { id: hostile, count: 7 },
    { id: 'x', count: 1234 },
  ];

  it('has a line a row and one for the heads, whatever the cells say', () => {
    const text = table(
      [
        { head: 'ID', cell: ({ id }) => id },
        { head: 'COUNT', cell: ({ count }) => count, align: 'right' },
      ],
      rows,
    );
    const lines = text.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^x +1234$/);
    expect(text.replaceAll('\n', '')).not.toMatch(dangerous);
  });

  it('shows what is missing as a dash', () => {
    expect(table([{ head: 'A', cell: () => null }], [{}])).toBe('A\n–');
  });
});

describe('views', () => {
  it('draws a tree with its branches', () => {
    const root = { label: 'root', children: [{ label: 'a', children: [{ label: 'b' }] }, { label: 'c\n' }] };
    expect(tree(root)).toBe('root\n├─ a\n│  └─ b\n└─ c\\n');
  });

  it('shows the best tags, and that there are more', () => {
    const tags = Array.from({ length: 9 }, (_, index) => ({ tag: `t${String(index)}`, score: 0.9 }));
    expect(tagsLine(tags)).toMatch(/^t0 0\.90, .*t7 0\.90, …$/);
    expect(tagsLine([])).toBe('no tags');
  });

  it('shows a result or a failure of a photo on one line', () => {
    const tags = [{ tag: hostile, score: 0.5 }];
    expect(resultLine({ id: 'i', file: hostile, model: 'm', tags })).not.toMatch(dangerous);
    expect(resultLine({ id: 'i', error: { code: 'X', message: 'It broke.' } })).toBe('i  failed: It broke.');
  });

  it('shows status, and what only newer nodes say', () => {
    const queue = { photos: 2, bytes: 2048, maxBytes: -1, inFlight: 1 };
    const card = statusCard({ node: 'n1', version: '1', queue, deadLetters: 0, store: { photos: 3 } });
    expect(card).toMatch(/queued bytes +2\.0 KiB \(no limit\)/);
    expect(card).toMatch(/store +photos 3/);
  });

  it('shows how many photos there are, or that there are more, and their tags', () => {
    const photos = [{ id: 'p1', score: 0.5, model: 'm', taggedAt: 0, tags: [] }];
    const facets = [{ tag: 'beach\n', photos: 9000 }];
    const found = searchTable({ photos, total: { photos: 10_000, more: true }, facets });
    expect(found).toMatch(/10000\+ photos\nTAG +PHOTOS\nbeach\S* +9000$/);
    expect(searchTable({ photos, total: { photos: 1, more: false }, facets: [] })).toMatch(/\n1 photos\n/);
  });

  it('says so when nothing was found', () => {
    expect(searchTable({ photos: [] })).toBe('No photo is like that.');
    expect(tagTable([])).toBe('No tag is like that.');
  });

  it('writes sizes and times for people', () => {
    expect(bytesText(0)).toBe('0 bytes');
    expect(bytesText(1023)).toBe('1023 bytes');
    expect(bytesText(24 * 1024 * 1024)).toBe('24.0 MiB');
    expect(timeText(0)).toBe('1970-01-01T00:00:00Z');
    expect(timeText(Number.NaN)).toBe('–');
    expect(
      pairs([
        ['a', 1],
        ['long', 'x\ny'],
      ]),
    ).toBe('a     1\nlong  x\\ny');
  });
});
