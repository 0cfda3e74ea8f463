import { useState } from 'preact/hooks';
import { forgetPhoto, getPhoto, relatedPhotos, type Corrected } from '../api/photos.ts';
import { session } from '../api/session.ts';
import type { Photo } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { Failure } from '../parts/failure.tsx';
import { Modal } from '../parts/modal.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { photoName } from '../parts/photo-name.ts';
import { Picture } from '../parts/picture.tsx';
import { useResource } from '../parts/resource.ts';
import { entries } from '../photos/uploads.ts';
import { changeParameters, parameter } from '../routes.ts';
import { PhotoFacts } from './photo-facts.tsx';
import { PhotoTags } from './photo-tags.tsx';

/** The photo that the address names, over whatever view there is. */
export function PhotoDialog() {
  const id = parameter('photo');
  return id === '' ? null : <Shown key={id} id={id} />;
}

function Shown({ id }: { readonly id: string }) {
  const { value, error, loading, reload } = useResource((signal) => getPhoto(id, signal), { key: id });
  const [corrected, setCorrected] = useState<Corrected>();
  const photo = value === undefined ? undefined : { ...value, ...corrected };
  const url = entries.value.find((entry) => entry.id === id)?.url;
  return (
    <Modal title={photoName(photo ?? { id })} wide onClose={close}>
      <div class="photo-detail">
        <Picture id={id} url={url} alt={altOf(photo)} />
        <div class="stack">
          {error !== undefined && <Failure error={error} retry={reload} />}
          {!loading && photo === undefined && error === undefined && (
            <p>This photo is not in the store; it may have been forgotten.</p>
          )}
          {photo?.tags !== undefined && <PhotoTags photo={photo} onChange={setCorrected} />}
          {photo !== undefined && <PhotoFacts photo={photo} />}
          {photo !== undefined && session.value?.role === 'operator' && (
            <button type="button" class="danger" onClick={() => void forget(id)}>
              Forget this photo
            </button>
          )}
        </div>
      </div>
      {photo?.tags !== undefined && <Related id={id} />}
    </Modal>
  );
}

function Related({ id }: { readonly id: string }) {
  const { value: photos = [] } = useResource((signal) => relatedPhotos(id, signal), { key: id });
  if (photos.length === 0) return null;
  return (
    <section aria-labelledby="related">
      <h3 id="related">Photos like this one</h3>
      <ul class="strip">
        {photos.map((photo) => (
          <li key={photo.id}>
            <button
              type="button"
              class="picture"
              aria-label={`Details of ${photoName(photo)}`}
              onClick={() => {
                changeParameters({ photo: photo.id });
              }}
            >
              <Picture id={photo.id} alt="" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function altOf(photo: Photo | undefined): string {
  const tags = photo?.tags?.slice(0, 3).map(({ tag }) => tag) ?? [];
  return tags.length === 0 ? 'The photo' : `A photo of ${tags.join(', ')}`;
}

async function forget(id: string): Promise<void> {
  const isSure = await confirmed({
    title: 'Forget this photo?',
    text: 'Its tags, features and dead letters are erased for good, and the next model is made without it.',
    act: 'Forget it',
  });
  if (!isSure) return;
  await attempt(async () => {
    await forgetPhoto(id);
    close();
    notify('The photo is forgotten.');
  });
}

function close(): void {
  changeParameters({ photo: '' }, { replace: true });
}
