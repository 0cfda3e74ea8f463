import { describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { html } from '../../../src/train/report/html.ts';
import { type Report, reportHtml, reportJson } from '../../../src/train/report/report.ts';
import { evaluationOf } from '../../support/evaluation.ts';

const nasty = [
  '<script>alert(1)</script>',
  '__proto__',
  '"><img src=x onerror=alert(1)>',
  "O'Hara & ‮sons",
  '2013',
];

function reportOf(names: readonly string[]): Report {
  const evaluation = evaluationOf(
    Object.fromEntries(names.map((name, index) => [name, (index + 1) / (names.length + 1)])),
  );
  return {
    title: nasty[0]!,
    created: '2026-03-01T10:00:00Z',
    facts: [['extractor', '<b>lite0</b>']],
    join: [{ what: 'labels without photo', count: 12345 }],
    steps: [
      { name: 'learn', seconds: 75.4 },
      { name: 'join', seconds: 4000 },
    ],
    evaluation: {
      ...evaluation,
      confusions: [{ shown: nasty[0]!, right: nasty[1]!, photos: 3 }],
      falseTags: nasty.map((tag) => ({ photo: tag, tag, score: 0.9 })),
      missedTags: [{ photo: 'p1', tag: 'cat', score: 0.1 }],
    },
  };
}

describe('the report as a page', () => {
  const page = reportHtml(reportOf(nasty), (photo) =>
    photo === 'p1' ? Uint8Array.of(0xff, 0xd8) : undefined,
  );

  it('needs nothing from anywhere', () => {
    const addresses = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/g)].map(
      ([, address]) => address,
    );
    for (const address of addresses) expect(address).toMatch(/^(data:image\/webp;base64,|#|x$)/);
    expect(page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/https?:/);
  });

  it('runs its own script only', () => {
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text!);
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256').update(scripts[0]!).digest('base64');
    expect(page).toContain(`script-src &#39;sha256-${hash}&#39;`);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('shows names as they are, whatever is in them', () => {
    expect(page).toContain('<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>');
    expect(page).toContain('&lt;b&gt;lite0&lt;/b&gt;');
    expect(page).not.toContain('<img src=x');
    expect(page).toContain('<bdi>__proto__</bdi>');
  });

  it('has plots, times, counts and thumbnails', () => {
    expect(page.match(/<svg /g)).toHaveLength(5);
    for (const text of ['1 min 15 s', '1 h 6 min', '12,345', 'data:image/webp;base64,/9g='])
      expect(page).toContain(text);
    expect(page).not.toMatch(/>undefined|="undefined|NaN/);
  });

  it('is the same for the same report', () => {
    expect(reportHtml(reportOf(nasty))).toBe(reportHtml(reportOf(nasty)));
  });
});

it('a report of 100,000 classes stays small', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `class number ${String(index)}`);
  const page = reportHtml(reportOf(names), () => new Uint8Array(20_000));
  expect(page.length).toBeLessThan(5_000_000);
  expect(page).toContain('of 100000');
  expect(page).toContain('class number 99999<');
  expect(page).toContain('class number 0<');
});

it('a report of nothing is one all the same', () => {
  const { title, created } = reportOf([]);
  const evaluation = { ...evaluationOf({}), meanAveragePrecision: null, reliability: [], photos: 0 };
  const page = reportHtml({ title, created, facts: [], join: [], steps: [], evaluation });
  expect(page).toContain('0 classes');
  expect(page).not.toMatch(/>undefined|="undefined|NaN/);
});

it('the report as JSON says all of it', () => {
  const report = reportOf(nasty);
  expect(JSON.parse(reportJson(report))).toEqual(JSON.parse(JSON.stringify({ version: 1, ...report })));
});

it('a template escapes everything but markup', () => {
  expect(html`<p title="${'"'}">${['<', html`<b>${'&'}</b>`, 3, undefined]}</p>`.text).toBe(
    '<p title="&quot;">&lt;<b>&amp;</b>3</p>',
  );
});
