import type { TagCount } from '../api/types.ts';
import { count } from '../parts/numbers.ts';
import { wants, withTag } from './query-text.ts';

interface FacetsOptions {
  readonly query: string;
  readonly facets: readonly TagCount[];
  readonly onAsk: (query: string) => void;
}

/** Tags that the photos found have as well: each narrows the search, or leaves such photos out. */
export function Facets({ query, facets, onAsk }: FacetsOptions) {
  if (facets.length === 0) return null;
  return (
    <details class="facets" open>
      <summary>Also in these photos</summary>
      <ul>
        {facets.map(({ tag, photos }) => {
          const isWanted = wants(query, tag);
          return (
            <li key={tag}>
              <label>
                <input
                  type="checkbox"
                  checked={isWanted}
                  onChange={() => {
                    onAsk(withTag(query, tag, isWanted ? 'any' : 'wanted'));
                  }}
                />
                <span>{tag}</span>
                <span class="score">{count(photos)}</span>
              </label>
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  onAsk(withTag(query, tag, 'left out'));
                }}
              >
                <span aria-hidden="true">−</span>
                <span class="unseen">Leave out photos with {tag}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
