import type { RunRecord } from '../transport/payloads.ts';
import type { Pace } from '../transport/run-pace.ts';
import { printable } from './printable.ts';
import { pairs, table } from './table.ts';
import { timeText } from './views.ts';

type Json = Exclude<RunRecord['detail'], undefined>;
type Row = readonly [name: string, value: string | number];

/** Entries of a list that are shown, and examples of what was found. */
const shownEntries = 5;
const shownExamples = 3;

/** Things of a kind that were found, and some of them. */
interface Findings {
  readonly count: number;
  readonly examples: readonly Json[];
}

/** Runs, one a line. */
export function runTable(runs: readonly RunRecord[]): string {
  if (runs.length === 0) return 'There are no runs.';
  return table(
    [
      { head: 'RUN', cell: ({ id }) => id },
      { head: 'STARTED', cell: ({ startedAt }) => timeText(startedAt) },
      { head: 'STATE', cell: ({ state }) => state },
      { head: 'STEP', cell: (run) => stepText(run) },
      { head: 'NODE', cell: ({ node }) => node },
    ],
    runs,
  );
}

/** One run: how far it is, or what it came to. */
export function runCard(run: RunRecord, pace?: Pace): string {
  const { id, node, state, step, startedAt, updatedAt, detail, fault } = run;
  const isRunning = state === 'running';
  const text = pairs([
    ['run', id],
    ['state', state],
    ['node', node],
    ['started', timeText(startedAt)],
    [isRunning ? 'last heard of' : 'ended', timeText(updatedAt)],
    ...(isRunning ? [] : [['took', durationText((updatedAt - startedAt) / 1000)] as const]),
    ...(step === undefined || state === 'done' ? [] : [['step', stepText(run, pace) ?? ''] as const]),
    ...(fault === undefined ? [] : [['reason', `${fault.code}: ${fault.message}`] as const]),
    ...detailRows(detail),
  ]);
  return text.replace(/ +$/gm, '');
}

/** How far a step is: `120 of 600, 23.1/s, 21 s left`; where nobody knows of how many, `120, 20 %`. */
export function progressText(
  { done, total, share }: NonNullable<RunRecord['progress']>,
  pace?: Pace,
): string {
  return [
    total > 0 ? `${amount(done)} of ${amount(total)}` : amount(done),
    ...(total > 0 || share === undefined ? [] : [`${String(Math.floor(100 * share))} %`]),
    ...(pace === undefined ? [] : [rateText(pace.rate)]),
    ...(pace?.secondsLeft === undefined ? [] : [`${durationText(pace.secondsLeft)} left`]),
  ].join(', ');
}

/** A duration in two units at most: `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0);
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${String(hours)} h ${String(minutes % 60)} min`;
  return minutes > 0 ? `${String(minutes)} min ${String(whole % 60)} s` : `${String(whole)} s`;
}

function stepText({ step, progress }: RunRecord, pace?: Pace): string | undefined {
  return step === undefined || progress === undefined ? step : `${step}, ${progressText(progress, pace)}`;
}

/** What a run tells of itself, whatever it is: a workflow of a newer node may tell more. */
function detailRows(detail: Json | undefined): Row[] {
  if (detail === undefined) return [];
  if (!isObject(detail)) return [['detail', lineText(detail)]];
  const { steps, ...more } = detail;
  const rows = Object.entries(more).flatMap(([name, value]) => rowsOf(name, value, ''));
  return steps === undefined ? rows : [...rows, ['steps', stepsText(steps)]];
}

/** Plain values of an object share its line; what has parts of its own comes below, indented. */
function rowsOf(name: string, value: Json, indent: string): Row[] {
  const label = indent + printable(wordsOf(name));
  if (Array.isArray(value)) return listRows(label, value, value.length);
  if (!isObject(value)) return [[label, scalarText(value)]];
  if (isFindings(value)) return findingRows(label, value);
  const entries = Object.entries(value);
  const plain = entries.filter(([, entry]) => !isNested(entry)).map(namedText);
  const below = entries.flatMap(([key, entry]) => (isNested(entry) ? rowsOf(key, entry, `${indent}  `) : []));
  const isEmpty = plain.length === 0 && below.length === 0;
  return [[label, isEmpty ? 'none' : plain.join(', ')], ...below];
}

/** How many there are, then some of them; nothing where nothing was found. */
function findingRows(label: string, { count, examples }: Findings): Row[] {
  if (count === 0) return [];
  return [[label, count], ...listRows('', examples.slice(0, shownExamples), count)];
}

/** An entry a line, and how many of all are not shown. */
function listRows(label: string, entries: readonly Json[], all: number): Row[] {
  if (all === 0) return [[label, 'none']];
  const lines = entries.slice(0, shownEntries).map((entry) => lineText(entry));
  if (all > lines.length) lines.push(`… and ${String(all - lines.length)} more`);
  return lines.map((line, index) => [index === 0 ? label : '', line]);
}

function stepsText(steps: Json): string {
  if (!Array.isArray(steps)) return lineText(steps);
  return steps
    .map((step) => {
      const timed = isObject(step) && typeof step['seconds'] === 'number' ? step : undefined;
      return timed === undefined
        ? lineText(step)
        : `${lineText(timed['name'] ?? '')} ${stepDuration(Number(timed['seconds']))}`;
    })
    .join(', ');
}

/** Most steps of a small run take no second. */
function stepDuration(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : durationText(seconds);
}

function lineText(value: Json): string {
  if (!isObject(value)) return scalarText(value);
  const { file, line, reason } = value;
  if (typeof file !== 'string' || typeof reason !== 'string')
    return Object.entries(value).map(namedText).join(', ');
  return `${file}${typeof line === 'number' ? `, line ${String(line)}` : ''} ${reason}`;
}

function namedText([name, value]: readonly [string, Json]): string {
  return `${wordsOf(name)} ${scalarText(value)}`;
}

function scalarText(value: Json): string {
  if (typeof value === 'string') return value;
  if (value === null) return '–';
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : JSON.stringify(value);
}

/** `meanAveragePrecision` for people; other names are left as they are. */
function wordsOf(name: string): string {
  return /^[a-z]+(?:[A-Z][a-z]+)+$/.test(name)
    ? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    : name;
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFindings(value: Record<string, Json>): value is Record<string, Json> & Findings {
  return typeof value['count'] === 'number' && Array.isArray(value['examples']);
}

function isNested(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function amount(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function rateText(rate: number): string {
  if (rate >= 100) return `${rate.toFixed(0)}/s`;
  return rate >= 1 ? `${rate.toFixed(1)}/s` : `${(rate * 60).toFixed(1)}/min`;
}
