import { parseSearchQuery } from '../src/store/search-query.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import { maxPageSize, type Outdated, type OutdatedPage } from '../src/store/tag-store.ts';

/** A page of rows that are to be scored again. */
export interface RescoringPage extends Pick<OutdatedPage, 'rows' | 'seen'> {
  /** Where the next page begins; absent on the last one. */
  readonly next?: number | string | undefined;
}

/** The rows that a run looks at, page by page. */
export interface RescoringPages {
  /** How many rows there are about; 0 if nobody knows. */
  total(): Promise<number>;
  /** @param after - `next` of the page before */
  page(after: RescoringPage['next']): Promise<RescoringPage>;
}

/** Rows that are looked at together; those of them that are outdated are a task. */
const pageRows = 4_096;

/** All rows of a store. */
export function allRows(tags: SupervisedTagStore, which: Outdated): RescoringPages {
  return {
    total: async () => (await tags.stats()).photos,
    page: (after) => tags.outdated(which, { limit: pageRows, after: Number(after ?? 0) }),
  };
}

/**
 * The rows that a search finds. What is scored again may be found again where its new tags put it, and is not outdated any more then; no
 * other row moves.
 * @throws Fault `QUERY_SYNTAX`
 */
export function foundRows(tags: SupervisedTagStore, which: Outdated, text: string): RescoringPages {
  const query = parseSearchQuery(text);
  return {
    total: () => Promise.resolve(0),
    page: async (after) => {
      const start = after === undefined ? {} : { after: String(after) };
      const { hits, next } = await tags.search(query, { limit: maxPageSize, ...start });
      const rows = await Promise.all(hits.map(({ photoId }) => tags.get(photoId)));
      const outdated = rows.flatMap((row) => {
        const isOutdated =
          row !== undefined && (row.activation < which.activation || row.taggedAt < which.taggedBefore);
        return isOutdated ? [row] : [];
      });
      return { rows: outdated, seen: hits.length, next };
    },
  };
}
