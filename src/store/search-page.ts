import { Fault } from '../base/errors.ts';
import { scoreFloor } from './search.ts';
import type { Cursor, Search, Term } from './search.ts';
import type { SearchQuery } from './search-query.ts';
import { maxPageSize, scoreUnits } from './tag-store.ts';
import type { Page, SearchHit, SearchPage } from './tag-store.ts';

/**
 * Where a page begins; `undefined` at the beginning.
 * @throws Fault `REQUEST_INVALID` if it is no page
 */
export function startOf(page: Page): Cursor | undefined {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > maxPageSize)
    throw new Fault('REQUEST_INVALID', { reason: `a page has 1 to ${String(maxPageSize)} hits` });
  return page.after === undefined ? undefined : parseCursor(page.after);
}

/** What a store knows of the names in a query. */
export interface KnownTerms {
  /** Terms that photos have. */
  readonly known: ReadonlyMap<string, Term>;
  /** Numbers of the models that the query's condition means, or of all; `undefined` if it says nothing of models and times. */
  readonly models: readonly number[] | undefined;
  /** Photos in the store. */
  readonly photos: number;
}

/** The search for a page of a query, in numbers of the store; `undefined` if no photo can match. */
export function searchOf(
  query: SearchQuery,
  { limit, after }: Pick<Search, 'limit' | 'after'>,
  { known, models, photos }: KnownTerms,
): Search | undefined {
  const { owner, taggedFrom: from, taggedBefore: before } = query;
  const wanted = query.wanted.map((group) => group.flatMap((term) => known.get(term) ?? []));
  if (wanted.some((group) => group.length === 0) || models?.length === 0) return undefined;
  return {
    wanted,
    unwanted: query.unwanted.flatMap((term) => known.get(term) ?? []),
    rows: owner === undefined && models === undefined ? undefined : { owner, models, from, before },
    floor: scoreFloor(query.score),
    after,
    limit,
    photos,
  };
}

/** Every tag that a query names. */
export function termsIn({ wanted, unwanted }: SearchQuery): string[] {
  return [...wanted.flat(), ...unwanted];
}

/** Whether a query depends on when and by which model photos were tagged. */
export function asksForModels({ model, taggedFrom, taggedBefore }: SearchQuery): boolean {
  return model !== undefined || taggedFrom !== undefined || taggedBefore !== undefined;
}

/** Whether a query wants what it does not want, or a time that is none. */
export function isContradictory({ wanted, unwanted, taggedFrom, taggedBefore }: SearchQuery): boolean {
  if (wanted.some((group) => group.every((term) => unwanted.includes(term)))) return true;
  return taggedFrom !== undefined && taggedBefore !== undefined && taggedFrom >= taggedBefore;
}

/** The page of the rows that {@link searchOf} finds. */
export function pageOf<Row extends readonly [score: number, photo: number, ...unknown[]]>(
  rows: readonly Row[],
  { limit }: Page,
  hitOf: (row: Row) => SearchHit,
): SearchPage {
  const shown = rows.slice(0, limit);
  const hits = shown.map(hitOf);
  const last = shown.at(-1);
  return rows.length > shown.length && last !== undefined
    ? { hits, next: printCursor({ score: last[0], photo: last[1] }) }
    : { hits };
}

/** The text of a cursor, for `Page.after`. */
function printCursor({ score, photo }: Cursor): string {
  return `${String(score)}.${String(photo)}`;
}

function parseCursor(text: string): Cursor {
  const [, score, photo] = /^(\d{1,5})\.(\d{1,15})$/.exec(text) ?? [];
  if (score === undefined || photo === undefined || Number(score) > scoreUnits)
    throw new Fault('REQUEST_INVALID', { reason: 'the page does not follow one of this search' });
  return { score: Number(score), photo: Number(photo) };
}
