import type { ModelRecord } from '../transport/payloads.ts';
import type { ReplyOf } from '../transport/requests.ts';
import { printable } from './printable.ts';
import { pairs, table } from './table.ts';
import { bytesText, timeText } from './views.ts';

/** Hex digits of an id that tell models apart for people. */
const shownDigits = 12;
/** Names that are listed one by one. */
const shownNames = 8;

/** Models of the registry, one a line. */
export function modelTable({ models, active }: ReplyOf<'modelList'>): string {
  if (models.length === 0) return 'There are no models.';
  return table(
    [
      { head: 'MODEL', cell: ({ id }) => shortId(id) },
      { head: 'CREATED', cell: ({ created }) => timeText(Date.parse(created)) },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'CLASSES', cell: (model) => classCount(model), align: 'right' },
      { head: 'MAP', cell: ({ evaluation }) => evaluation?.meanAveragePrecision.toFixed(3), align: 'right' },
      {
        head: 'IN USE',
        cell: ({ id }) => (id === active?.model ? `activation ${String(active.number)}` : ''),
      },
    ],
    models,
  );
}

/** One model: what it is, how well it does, where it comes from. */
export function modelCard({ model, active }: ReplyOf<'modelShow'>): string {
  const { evaluation, documents, parents } = model;
  return pairs([
    ['model', model.id],
    ['in use', active ? 'yes' : 'no'],
    ['kind', model.kind],
    ['created', timeText(Date.parse(model.created))],
    ['published', timeText(model.publishedAt)],
    ['description', model.description],
    ['size', bytesText(model.bytes)],
    ...model.blocks.map(({ name, extractor, score, classes }) => {
      return ['block', `${name}: ${String(classes)} classes, ${extractor}, ${score}`] as const;
    }),
    ...parents.map((parent) => ['made from', parent] as const),
    ...(model.run === undefined ? [] : [['run', model.run] as const]),
    ...(evaluation === undefined ? [['evaluation', 'none'] as const] : evaluationPairs(evaluation)),
    ['report', documents.report === undefined ? 'none' : 'yes: --report FILE saves it'],
  ]);
}

/** Which classes gained and lost, up to `limit` each. */
export function modelDiffView(diff: ReplyOf<'modelDiff'>, limit: number): string {
  const { common, gained, lost, thresholds, added, removed } = diff;
  return [
    `${shortId(diff.before)} → ${shortId(diff.after)}: ${commonText(common)}`,
    ...changeTable('GAINED', gained, limit),
    ...changeTable('LOST', lost, limit),
    ...changeTable('THRESHOLD', thresholds, limit),
    ...(added.length > 0 ? [`only in the second: ${namesLine(added)}`] : []),
    ...(removed.length > 0 ? [`only in the first: ${namesLine(removed)}`] : []),
  ].join('\n');
}

function commonText({ classes, before, after, change }: ReplyOf<'modelDiff'>['common']): string {
  if (before === null || after === null || change === null) return 'judged on no class in common';
  return `mAP ${before.toFixed(4)} → ${after.toFixed(4)} (${signed(change)}) over ${String(classes)} classes`;
}

function changeTable(head: string, changes: ReplyOf<'modelDiff'>['gained'], limit: number): string[] {
  if (changes.length === 0) return [];
  const left = changes.length - limit;
  const rows = table(
    [
      { head, cell: ({ name }) => name },
      { head: 'BEFORE', cell: ({ before }) => before.toFixed(3), align: 'right' },
      { head: 'AFTER', cell: ({ after }) => after.toFixed(3), align: 'right' },
      { head: 'CHANGE', cell: ({ change }) => signed(change), align: 'right' },
    ],
    changes.slice(0, limit),
  );
  return left > 0 ? [rows, `… and ${String(left)} more: --limit N`] : [rows];
}

/** What an activation did. */
export function activationLine({ number, model, dropped }: ReplyOf<'modelActivate'>): string {
  const line = `In use: ${model} (activation ${String(number)}).`;
  if (dropped.length === 0) return line;
  const names = namesLine(dropped.map((one) => one.class));
  return `${line}\nClasses of two models are those of the earlier one: ${names}.`;
}

function evaluationPairs({
  meanAveragePrecision,
  judgedClasses,
  precision,
  recall,
  calibrationError,
}: NonNullable<ModelRecord['evaluation']>): (readonly [string, string])[] {
  const values = [
    ['precision', precision],
    ['recall', recall],
    ['calibration error', calibrationError],
  ] as const;
  return [
    ['mAP', `${meanAveragePrecision.toFixed(4)} over ${String(judgedClasses)} classes`],
    ...values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value.toFixed(4)] as const])),
  ];
}

function classCount({ blocks }: ModelRecord): number {
  return blocks.reduce((sum, { classes }) => sum + classes, 0);
}

function namesLine(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map(printable).join(', ');
  const more = names.length - shownNames;
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function shortId(id: string): string {
  return id.slice(0, shownDigits);
}
