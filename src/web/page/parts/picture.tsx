import { useState } from 'preact/hooks';
import { addressOf, path } from '../api/call.ts';

interface PictureOptions {
  readonly id?: string | undefined;
  /** The browser's own picture, where it has one. */
  readonly url?: string | undefined;
  /** Empty where words beside it say the same. */
  readonly alt: string;
}

/** A photo, small; a plain field where there is no picture of it. */
export function Picture({ id, url, alt }: PictureOptions) {
  const [broken, setBroken] = useState('');
  const source = url ?? (id === undefined ? '' : addressOf(path`photos/${id}/thumbnail`));
  if (source === broken)
    return <span class="no-picture" role={alt === '' ? undefined : 'img'} aria-label={alt || undefined} />;
  return (
    <img
      src={source}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={() => {
        setBroken(source);
      }}
    />
  );
}
