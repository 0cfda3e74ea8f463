import type { Photo } from '../api/types.ts';
import { shortId, when } from '../parts/numbers.ts';

/** What is known of a photo beside its tags. */
export function PhotoFacts({ photo }: { readonly photo: Photo }) {
  const { id, owner, model, taggedAt, width, height, attributes = {}, deadLetters } = photo;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Tagged', taggedAt === undefined ? undefined : when(taggedAt)],
    [
      'Size',
      width === undefined || height === undefined ? undefined : `${String(width)} × ${String(height)}`,
    ],
    ['Owner', owner],
    ['Model', model === undefined ? undefined : shortId(model)],
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
