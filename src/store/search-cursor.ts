import { Fault } from '../base/errors.ts';
import type { Cursor } from './search-plan.ts';
import { maxPageSize, scoreUnits } from './tag-store.ts';
import type { Page } from './tag-store.ts';

/**
 * Where a page begins; `undefined` at the beginning.
 * @throws Fault `REQUEST_INVALID` if it is no page
 */
export function startOf(page: Page): Cursor | undefined {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > maxPageSize)
    throw new Fault('REQUEST_INVALID', { reason: `a page has 1 to ${String(maxPageSize)} hits` });
  return page.after === undefined ? undefined : parseCursor(page.after);
}

/** The text of a cursor, for `Page.after`. */
export function printCursor({ score, photo }: Cursor): string {
  return `${String(score)}.${String(photo)}`;
}

function parseCursor(text: string): Cursor {
  const [, score, photo] = /^(\d{1,5})\.(\d{1,15})$/.exec(text) ?? [];
  if (score === undefined || photo === undefined || Number(score) > scoreUnits)
    throw new Fault('REQUEST_INVALID', { reason: 'the page does not follow one of this search' });
  return { score: Number(score), photo: Number(photo) };
}
