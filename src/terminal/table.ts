import Table from 'cli-table3';
import { printable } from './printable.ts';

/** A column of a {@link table}. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | number | null | undefined;
  /** Numbers look best on the right. Default left. */
  readonly align?: 'left' | 'right';
}

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Rows under their heads, no lines around; cells are made printable. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = new Table({
    head: columns.map((column) => column.head),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) lines.push(columns.map((column) => printable(String(column.cell(row) ?? '–'))));
  return trimmed(lines.toString());
}

/** Names and values, one pair a line. */
export function pairs(values: readonly (readonly [name: string, value: string | number])[]): string {
  const width = Math.max(...values.map(([name]) => name.length));
  return values.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}`).join('\n');
}

function trimmed(text: string): string {
  return text.replace(/ +$/gm, '');
}
