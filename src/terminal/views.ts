import type { z } from 'zod';
import type { Attributes } from '../base/attributes.ts';
import type { DeadLetter, exchanges, PhotoResult } from '../transport/payloads.ts';
import { printable } from './printable.ts';
import { pairs, table } from './table.ts';

/** A page of a search. */
export type SearchReply = z.infer<typeof exchanges.search.reply>;
/** Photos that look like one. */
export type RelatedReply = z.infer<typeof exchanges.related.reply>;
type TagCount = z.infer<typeof exchanges.tags.reply>['tags'][number];
/** What a node says about the cluster. */
export type StatusReply = z.infer<typeof exchanges.status.reply>;

const shownTags = 8;

/** Tags and scores on one line, the best first. */
export function tagsLine(tags: readonly { readonly tag: string; readonly score: number }[]): string {
  if (tags.length === 0) return 'no tags';
  const shown = tags.slice(0, shownTags).map(({ tag, score }) => `${printable(tag)} ${scoreText(score)}`);
  return shown.join(', ') + (tags.length > shownTags ? ', …' : '');
}

/** What became of a photo, on one line. */
export function resultLine(result: PhotoResult): string {
  const name = printable(result.file ?? result.id);
  return 'error' in result
    ? `${name}  failed: ${printable(result.error.message)}`
    : `${name}  ${tagsLine(result.tags)}${attributesText(result.attributes ?? {})}`;
}

/** What bolts have added to a photo, behind its tags. */
function attributesText(attributes: Attributes): string {
  const shown = Object.entries(attributes).map(([name, value]) => `${name} ${printable(String(value))}`);
  return shown.length === 0 ? '' : `; ${shown.join(', ')}`;
}

/** Photos that a search found, and their most frequent tags if these were asked for. */
export function searchTable({ photos, total, facets = [] }: SearchReply): string {
  if (photos.length === 0) return 'No photo is like that.';
  const hits = table(
    [
      { head: 'PHOTO', cell: ({ id, file }) => file ?? id },
      { head: 'SCORE', cell: ({ score }) => scoreText(score), align: 'right' },
      { head: 'TAGS', cell: ({ tags }) => tagsLine(tags) },
    ],
    photos,
  );
  if (total === undefined) return hits;
  const found = `${String(total.photos)}${total.more ? '+' : ''} photos`;
  return `${hits}\n\n${found}\n${tagTable(facets)}`;
}

/** Tags, and how many photos have them. */
export function tagTable(tags: readonly TagCount[]): string {
  if (tags.length === 0) return 'No tag is like that.';
  return table(
    [
      { head: 'TAG', cell: ({ tag }) => tag },
      { head: 'PHOTOS', cell: ({ photos }) => photos, align: 'right' },
    ],
    tags,
  );
}

/** Photos that look like one, the most similar first. */
export function relatedTable({ photos }: RelatedReply): string {
  if (photos.length === 0) return 'No other photo has its strongest tags.';
  return table(
    [
      { head: 'PHOTO', cell: ({ id, file }) => file ?? id },
      { head: 'SIMILARITY', cell: ({ similarity }) => scoreText(similarity), align: 'right' },
      { head: 'TAGS', cell: ({ tags }) => tagsLine(tags) },
    ],
    photos,
  );
}

/** Dead letters, one a line. */
export function deadTable(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return 'There are no dead letters.';
  return table(
    [
      { head: 'NUMBER', cell: ({ sequence }) => sequence, align: 'right' },
      { head: 'BURIED', cell: ({ buriedAt }) => timeText(buriedAt) },
      { head: 'PHOTO', cell: ({ id, file }) => file ?? id },
      { head: 'TRIES', cell: ({ attempts }) => attempts, align: 'right' },
      { head: 'REASON', cell: ({ code, message }) => `${code}: ${message}` },
    ],
    letters,
  );
}

/** One dead letter, all of it but the bytes. */
export function deadCard(letter: DeadLetter): string {
  return pairs([
    ['number', letter.sequence],
    ['photo', letter.id],
    ['file', letter.file ?? '–'],
    ['bytes', letter.bytes],
    ['submitted', timeText(letter.submittedAt)],
    ['buried', timeText(letter.buriedAt)],
    ['tries', letter.attempts],
    ['reason', `${letter.code}: ${letter.message}`],
  ]);
}

/** Queue, model and counts of a cluster; what only newer nodes say is shown by its name. */
export function statusCard(status: StatusReply): string {
  const { node, version, model, queue, deadLetters, ...more } = status;
  const limit = queue.maxBytes < 0 ? 'no limit' : `limit ${bytesText(queue.maxBytes)}`;
  return pairs([
    ['node', node],
    ['version', version],
    ['model', model ?? 'none'],
    ['queued photos', queue.photos],
    ['queued bytes', `${bytesText(queue.bytes)} (${limit})`],
    ['in flight', queue.inFlight],
    ['dead letters', deadLetters],
    ...Object.entries(more).map(([name, value]) => [printable(name), plainText(value)] as const),
  ]);
}

/** A score with two decimals. */
function scoreText(score: number): string {
  return score.toFixed(2);
}

/** A time in UTC, to the second. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A size with a unit that suits it. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.max(Math.floor(Math.log2(bytes) / 10), 0), units.length - 1);
  const digits = power === 0 ? 0 : 1;
  return `${(bytes / 1024 ** power).toFixed(digits)} ${units[power] ?? ''}`;
}

/** Any plain value on one line; of an object, its properties. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, entry]) => `${name} ${JSON.stringify(entry)}`)
    .join(', ');
}
