import type { Clock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { CorrectionRequest } from '../src/store/corrections.ts';
import { searchTerm } from '../src/store/search-query.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { StoredPhoto } from '../src/store/tag-store.ts';

/** What the service of corrections works with. */
export interface CorrectionServiceOptions {
  readonly store: Pick<SupervisedTagStore, 'correct' | 'corrected' | 'get'>;
  readonly clock: Clock;
}

/** What users say of tags: kept at once, and listed for training. */
export function correctionService({ store, clock }: CorrectionServiceOptions): readonly Endpoint[] {
  const stored = async (id: string): Promise<StoredPhoto> => {
    const photo = await store.get(id);
    if (photo === undefined) throw new Fault('NOT_FOUND', { what: 'photo', id });
    return photo;
  };
  return [
    endpoint('correct', {}, async ({ id, tags, by }) => {
      const asShown = spelledAs(await stored(id), tags);
      await store.correct({ photoId: id, tags: asShown, by, at: clock.now() });
      // Also tells of a photo that was forgotten meanwhile.
      const photo = await stored(id);
      return { id, tags: [...photo.tags], corrections: [...(photo.corrections ?? [])] };
    }),
    endpoint(
      'corrections',
      {},
      async (page) => {
        const { photos, next } = await store.corrected(page);
        const listed = photos.map(({ photoId, corrections }) => ({
          id: photoId,
          corrections: [...corrections],
        }));
        return { photos: listed, ...(next === undefined ? {} : { next }) };
      },
      { unaudited: true },
    ),
  ];
}

/** Tags as the photo has them, where case or accents alone differ: so they are labels of the machine's class, not of another. */
function spelledAs({ tags, corrections = [] }: StoredPhoto, said: CorrectionRequest['tags']) {
  const known = new Map([...tags, ...corrections].map(({ tag }) => [searchTerm(tag), tag]));
  return said.map(({ tag, verdict }) => ({ tag: known.get(searchTerm(tag)) ?? tag, verdict }));
}
