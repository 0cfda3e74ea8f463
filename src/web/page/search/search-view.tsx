import { useEffect, useRef } from 'preact/hooks';
import { completeTag, type HitCounts } from '../api/photos.ts';
import type { Hit } from '../api/types.ts';
import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { counted } from '../parts/numbers.ts';
import { photoName } from '../parts/photo-name.ts';
import { Picture } from '../parts/picture.tsx';
import { useResource } from '../parts/resource.ts';
import { TagList } from '../parts/tag-list.tsx';
import { changeParameters, linkTo, parameter } from '../routes.ts';
import { Facets } from './facets.tsx';
import { QueryBox } from './query-box.tsx';
import { termOf } from './query-text.ts';
import { ScoreSlider } from './score-slider.tsx';
import { useCounts, useSearch, type SearchResults } from './search-results.ts';

const tagsShown = 3;

/** Photos by what the machine saw in them. */
export function SearchView() {
  const query = parameter('q');
  const results = useSearch(query);
  const { counts, facets, error, reload } = useCounts(query);
  const ask = (text: string) => {
    changeParameters({ q: text.trim() });
  };
  return (
    <>
      <h1 class="unseen">Search</h1>
      <QueryBox query={query} onAsk={ask} />
      {query === '' ? (
        <Beginning />
      ) : (
        <div class="search">
          <aside aria-label="Narrow the search">
            <ScoreSlider query={query} onAsk={ask} />
            {error !== undefined && results.error === undefined && <Failure error={error} retry={reload} />}
            <Facets query={query} facets={facets} onAsk={ask} />
          </aside>
          <Results results={results} counts={counts} />
        </div>
      )}
    </>
  );
}

const popularShown = 30;

function Beginning() {
  const { value: tags = [] } = useResource((signal) => completeTag('', popularShown, signal), {
    key: 'popular',
  });
  return (
    <Empty title="What are you looking for?">
      <p>
        Name one tag or several: <code>seashore</code>, <code>"sports car"</code>,{' '}
        <code>valley -volcano</code>, <code>espresso score&gt;0.5</code>.
      </p>
      {tags.length > 0 && (
        <ul class="tags">
          {tags.map(({ tag, photos }) => (
            <li key={tag}>
              <a class="tag" href={linkTo('search', { q: termOf(tag) })}>
                {tag} <span class="score">{photos}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Empty>
  );
}

interface ResultsOptions {
  readonly results: SearchResults;
  readonly counts: HitCounts | undefined;
}

function Results({ results, counts }: ResultsOptions) {
  const { hits, error, loading, more, query } = results;
  return (
    <section class="results" aria-label="Photos found" aria-busy={loading}>
      <p class="muted" role="status">
        {error === undefined && query !== '' && !loading ? summary(results, counts) : ''}
      </p>
      {error !== undefined && <Failure error={error} />}
      {error === undefined && hits.length === 0 && !loading && query !== '' && (
        <Empty title="No photo has all of that">
          <p>Leave a tag out, or lower the score.</p>
        </Empty>
      )}
      <ul class="tiles">
        {hits.map((hit) => (
          <HitTile key={hit.id} hit={hit} />
        ))}
      </ul>
      {more !== undefined && <More onMore={more} />}
    </section>
  );
}

function summary({ hits, more }: SearchResults, counts: HitCounts | undefined): string {
  const { total } = counts ?? {};
  if (total !== undefined) return `${counted(total.photos, 'photo')}${total.more ? ' or more' : ''}`;
  return `${counted(hits.length, 'photo')}${more === undefined ? '' : ' so far'}`;
}

function HitTile({ hit }: { readonly hit: Hit }) {
  const { id, file, tags } = hit;
  const name = photoName(hit);
  return (
    <li class="tile">
      <button
        type="button"
        class="picture"
        aria-label={`Details of ${name}`}
        onClick={() => {
          changeParameters({ photo: id });
        }}
      >
        <Picture id={id} alt="" />
      </button>
      <p class="name" title={file ?? id}>
        {name}
      </p>
      <TagList tags={tags.slice(0, tagsShown)} />
    </li>
  );
}

/** The next page, when this comes near or is pressed. */
function More({ onMore }: { readonly onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) onMore();
      },
      { rootMargin: '400px' },
    );
    if (button.current !== null) observer.observe(button.current);
    return () => {
      observer.disconnect();
    };
  }, [onMore]);
  return (
    <button type="button" ref={button} class="more" onClick={onMore}>
      Show more
    </button>
  );
}
