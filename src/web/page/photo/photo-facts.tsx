import type { ComponentChild } from 'preact';
import type { Photo } from '../api/types.ts';
import { shortId, when } from '../parts/numbers.ts';
import { photoName } from '../parts/photo-name.ts';
import { linkTo } from '../routes.ts';
import { ownerTerm } from '../search/query-text.ts';

/** What is known of a photo beside its tags. */
export function PhotoFacts({ photo }: { readonly photo: Photo }) {
  const { id, file, owner, model, taggedAt, attributes = {}, deadLetters } = photo;
  const facts: readonly (readonly [name: string, value: ComponentChild])[] = [
    ['Tagged', taggedAt === undefined ? undefined : when(taggedAt)],
    ['Owner', owner === undefined ? undefined : <Owner name={owner} />],
    ['Model', model === undefined ? undefined : shortId(model)],
    ['File', file === photoName(photo) ? undefined : file],
    ['Id', id],
    ...Object.entries(attributes).map(([name, value]) => [name, String(value)] as const),
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {deadLetters.map(({ sequence, message }) => (
        <p key={sequence} class="bad reason">
          {message}
        </p>
      ))}
    </>
  );
}

/** Leads to all that somebody has. */
function Owner({ name }: { readonly name: string }) {
  return <a href={linkTo('search', { q: ownerTerm(name) })}>{name}</a>;
}
