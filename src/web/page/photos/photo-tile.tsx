import { Picture } from '../parts/picture.tsx';
import { TagList } from '../parts/tag-list.tsx';
import { changeParameters } from '../routes.ts';
import type { PhotoEntry } from './uploads.ts';

const tagsShown = 4;

const says: Readonly<Record<Exclude<PhotoEntry['state'], 'tagged' | 'failed'>, string>> = {
  waiting: 'Waits to be sent',
  sending: 'Is sent',
  queued: 'In the queue',
};

/** A photo that was sent: what it looks like, and its tags, or why it has none. */
export function PhotoTile({ entry }: { readonly entry: PhotoEntry }) {
  const { id, name, url, state } = entry;
  return (
    <li class="tile" data-state={state}>
      <button
        type="button"
        class="picture"
        disabled={state !== 'tagged'}
        aria-label={`Details of ${name}`}
        onClick={() => {
          changeParameters({ photo: id ?? '' });
        }}
      >
        <Picture id={id} url={url} alt="" />
      </button>
      <p class="name" title={name}>
        {name}
      </p>
      <Outcome entry={entry} />
    </li>
  );
}

function Outcome({ entry: { state, tags, error } }: { readonly entry: PhotoEntry }) {
  if (state === 'failed') return <p class="bad reason">{error?.message}</p>;
  if (state !== 'tagged') return <p class="pending">{says[state]}</p>;
  return tags.length === 0 ? (
    <p class="muted">No tag is sure enough.</p>
  ) : (
    <TagList tags={tags.slice(0, tagsShown)} />
  );
}
