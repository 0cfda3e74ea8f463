import type { Tag } from '../api/types.ts';
import { linkTo } from '../routes.ts';
import { termOf } from '../search/query-text.ts';
import { percent } from './numbers.ts';

/** Tags, each with its score and a link to photos like it. */
export function TagList({ tags }: { readonly tags: readonly Tag[] }) {
  return (
    <ul class="tags">
      {tags.map(({ tag, score }) => (
        <li key={tag}>
          <a class="tag" href={linkTo('search', { q: termOf(tag) })}>
            <span>{tag}</span>
            <span class="score">{percent(score)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
