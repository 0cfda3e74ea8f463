/** The page's style: one column of cards, light or dark as the reader likes it, and fit for paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f6f6f3; --card: #ffffff; --ink: #1d2126; --muted: #69707a; --line: #e1e2de;
  --accent: #2563c9; --contrast: #c2501e; --soft: #edf2fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1d2126; --ink: #e9ebee; --muted: #98a0ab; --line: #343a42;
    --accent: #7aaaf5; --contrast: #f08d5c; --soft: #232c3a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1240px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 44px 0 12px; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 0 0 2px; }
p { margin: 0; }
.note { color: var(--muted); font-size: 13.5px; max-width: 76ch; }
h2 + .note { margin: -8px 0 12px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.figures { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
.figure b { display: block; font-size: 28px; font-weight: 650; line-height: 1.25; letter-spacing: -0.02em; }
.figure span { color: var(--muted); font-size: 13px; line-height: 1.35; display: block; }
.plot { display: block; width: 100%; height: auto; margin-top: 8px; }
.scroll { overflow: auto; max-height: 640px; padding: 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 6px 14px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.card > table { margin-top: 6px; }
.card > table td:first-child { padding-left: 0; }
.card > table td:last-child { padding-right: 0; }
.scroll > table { margin: 0; }
.scroll > table td:first-child { padding-left: 14px; }
.scroll > table td:last-child { padding-right: 14px; }
tr:last-child td { border-bottom: 0; }
thead th { position: sticky; top: 0; background: var(--card); z-index: 1; font-weight: 600; box-shadow: 0 1px 0 var(--line); }
th button { all: unset; cursor: pointer; color: var(--muted); }
th button:hover, th[aria-sort] button { color: var(--ink); }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
th[aria-sort="ascending"] button::after { content: " ↑"; }
th[aria-sort="descending"] button::after { content: " ↓"; }
tbody tr:hover { background: var(--soft); }
td.bar { width: 40%; }
td.bar i { display: block; height: 12px; min-width: 2px; border-radius: 0 2px 2px 0; background: var(--accent); }
.photos { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); }
.photo { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: 13px; break-inside: avoid; }
.photo img { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; background: var(--soft); }
.photo div { padding: 8px 10px; overflow-wrap: anywhere; line-height: 1.35; }
.photo b { font-weight: 600; }
.photo small { color: var(--muted); display: block; font-size: 11.5px; }
footer { margin-top: 48px; color: var(--muted); font-size: 13px; }
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --muted: #555; --line: #ccc; --accent: #2563c9; --contrast: #c2501e; }
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  .scroll { max-height: none; overflow: visible; }
  .card { break-inside: avoid; }
  .scroll.card { break-inside: auto; }
  .grid { grid-template-columns: 1fr 1fr; }
  thead th { position: static; }
}
`;

/** Sorts a table by the column whose head is clicked; empty cells come last. */
export const script = `
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener('click', () => {
    const direction = head.getAttribute('aria-sort') === 'descending' ? 'ascending' : 'descending';
    heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', direction);
    const sign = direction === 'ascending' ? 1 : -1;
    const key = (row) => {
      const text = row.cells[column].textContent.trim();
      return column === 0 ? text : text === '–' ? undefined : Number(text);
    };
    const rows = [...table.tBodies[0].rows].map((row) => [key(row), row]);
    rows.sort(([left], [right]) => left === right ? 0 : left === undefined ? 1 : right === undefined ? -1
      : sign * (column === 0 ? -left.localeCompare(right) : left - right));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }));
}
`;
