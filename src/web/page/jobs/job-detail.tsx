import type { Run } from '../api/types.ts';
import { quantity } from '../parts/numbers.ts';

type Json = NonNullable<Run['detail']>;

const deepest = 2;
const entriesShown = 12;

/** What a run tells of itself, whatever that is. */
export function JobDetail({ detail }: { readonly detail: Json }) {
  const rows = rowsOf(detail, '', 0);
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>Details</summary>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

type Row = readonly [name: string, value: string];

function rowsOf(value: Json, name: string, depth: number): readonly Row[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : [[name, listText(value)]];
  if (typeof value !== 'object') return [[name, textOf(value)]];
  if (depth > deepest) return [[name, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    inner === null ? [] : rowsOf(inner, name === '' ? wordsOf(key) : `${name}, ${wordsOf(key)}`, depth + 1),
  );
}

function listText(list: readonly unknown[]): string {
  const shown = list.slice(0, entriesShown).map((entry) => {
    const isPlain = typeof entry === 'string' || typeof entry === 'number';
    return isPlain ? textOf(entry) : JSON.stringify(entry);
  });
  const more = list.length - shown.length;
  return [...shown, ...(more > 0 ? [`${String(more)} more`] : [])].join(', ');
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'number' ? quantity(value) : String(value);
}

/** `meanAveragePrecision` is `mean average precision`. */
function wordsOf(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`);
}
