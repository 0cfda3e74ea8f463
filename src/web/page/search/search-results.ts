import { useEffect, useRef, useState } from 'preact/hooks';
import { countPhotos, searchPhotos, type HitCounts } from '../api/photos.ts';
import type { Hit, SearchPage } from '../api/types.ts';
import { useResource } from '../parts/resource.ts';

/** What a query has found so far. */
export interface SearchResults {
  /** That of the hits; another one while the next query is asked. */
  readonly query: string;
  readonly hits: readonly Hit[];
  readonly error: unknown;
  readonly loading: boolean;
  /** Loads the next page; `undefined` after the last one. */
  readonly more: (() => void) | undefined;
}

interface State {
  readonly query: string;
  readonly pages: readonly SearchPage[];
  readonly error?: unknown;
}

/** The photos that a query finds, page by page; those of the query before stay until they come. */
export function useSearch(query: string): SearchResults {
  const [state, setState] = useState<State>({ query: '', pages: [] });
  const [loading, setLoading] = useState(false);
  const running = useRef<AbortController>(undefined);

  const load = async (pages: readonly SearchPage[]) => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    setLoading(true);
    const after = pages.at(-1)?.next;
    try {
      const page = await searchPhotos(query, { signal, ...(after === undefined ? {} : { after }) });
      if (!signal.aborted) setState({ query, pages: [...pages, page] });
    } catch (error) {
      if (!signal.aborted) setState({ query, pages, error });
    }
    if (!signal.aborted) setLoading(false);
  };

  useEffect(() => {
    if (query === '') setState({ query, pages: [] });
    else void load([]);
    return () => running.current?.abort();
  }, [query]);

  const { pages, error } = state;
  const hasMore = pages.at(-1)?.next !== undefined && state.query === query;
  return {
    query: state.query,
    hits: pages.flatMap(({ hits }) => hits),
    error,
    loading,
    more: hasMore && !loading ? () => void load(pages) : undefined,
  };
}

/**
 * What is counted of the hits of a query: asked for beside them, since counting takes longer than a page.
 *
 * @returns `counts` of the query or the `error` that prevented them, and the `facets` to show: those of the query before stay
 * until they come
 */
export function useCounts(query: string) {
  const key = query === '' ? undefined : query;
  const { value: counts, error, reload } = useResource((signal) => countPhotos(query, signal), { key });
  const latest = useRef<HitCounts>(undefined);
  latest.current = counts ?? latest.current;
  return { counts, error, reload, facets: latest.current?.facets ?? [] };
}
