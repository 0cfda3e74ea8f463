import { correctTag, type Corrected } from '../api/photos.ts';
import { session } from '../api/session.ts';
import type { Photo, Tag, Verdict } from '../api/types.ts';
import { percent } from '../parts/numbers.ts';
import { attempt } from '../parts/notices.tsx';
import { linkTo } from '../routes.ts';
import { termOf } from '../search/query-text.ts';

interface PhotoTagsOptions {
  readonly photo: Photo;
  /** Told of what a correction has changed. */
  readonly onChange: (corrected: Corrected) => void;
}

/** The tags of a photo with their scores, each to be accepted or rejected. */
export function PhotoTags({ photo, onChange }: PhotoTagsOptions) {
  const { id, tags = [], corrections = [] } = photo;
  const mayCorrect = session.value?.role !== 'viewer';
  const verdicts = new Map(corrections.map(({ tag, verdict }) => [tag, verdict]));
  const rejected = [...verdicts].filter(([, verdict]) => verdict === 'reject').map(([tag]) => tag);
  const correct = (tag: string, verdict: Verdict | undefined) =>
    void attempt(async () => {
      onChange(await correctTag(id, tag, verdict));
    });
  return (
    <section aria-labelledby="tags">
      <h3 id="tags">Tags</h3>
      {tags.length === 0 && <p class="muted">No tag is sure enough.</p>}
      <ul class="scored">
        {tags.map((tag) => (
          <TagRow
            key={tag.tag}
            tag={tag}
            verdict={verdicts.get(tag.tag)}
            onCorrect={mayCorrect ? correct : undefined}
          />
        ))}
        {rejected.map((tag) => (
          <li key={tag} class="rejected">
            <s>{tag}</s>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                correct(tag, undefined);
              }}
            >
              Undo<span class="unseen"> the rejection of {tag}</span>
            </button>
          </li>
        ))}
      </ul>
      {mayCorrect && <AddTag onAdd={correct} />}
    </section>
  );
}

interface TagRowOptions {
  readonly tag: Tag;
  readonly verdict: Verdict | undefined;
  readonly onCorrect: ((tag: string, verdict: Verdict | undefined) => void) | undefined;
}

function TagRow({ tag: { tag, score }, verdict, onCorrect }: TagRowOptions) {
  const isAccepted = verdict === 'accept';
  return (
    <li>
      <a href={linkTo('search', { q: termOf(tag) })}>{tag}</a>
      <meter min={0} max={1} value={score} aria-label={`Score of ${tag}`} />
      <span class="score">{isAccepted ? 'yours' : percent(score)}</span>
      {onCorrect !== undefined && (
        <span class="verdicts">
          <button
            type="button"
            class="quiet"
            aria-pressed={isAccepted}
            onClick={() => {
              onCorrect(tag, isAccepted ? undefined : 'accept');
            }}
          >
            <span aria-hidden="true">✓</span>
            <span class="unseen">Accept {tag}</span>
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              onCorrect(tag, 'reject');
            }}
          >
            <span aria-hidden="true">✗</span>
            <span class="unseen">Reject {tag}</span>
          </button>
        </span>
      )}
    </li>
  );
}

function AddTag({ onAdd }: { readonly onAdd: (tag: string, verdict: Verdict) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const tag = new FormData(form).get('tag');
    if (typeof tag === 'string' && tag.trim() !== '') onAdd(tag.trim(), 'accept');
    form.reset();
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        <span class="unseen">Tag that is missing</span>
        <input name="tag" maxLength={256} placeholder="Add a tag" autocomplete="off" required />
      </label>
      <button type="submit">Add</button>
    </form>
  );
}
