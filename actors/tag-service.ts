import type { FeatureStores } from '../src/model/feature-store/feature-store.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { Facets } from '../src/store/facets.ts';
import { parseSearchQuery } from '../src/store/search-query.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { StoredPhoto } from '../src/store/tag-store.ts';
import type { SupervisedThumbnailStore } from '../src/store/supervised-thumbnail-store.ts';
import type { DeadLetters } from '../src/transport/dead-letters.ts';
import type { PhotoQueue } from '../src/transport/photo-queue.ts';
import type { ClusterView } from '../src/cluster/cluster-view.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { OwnResultStore } from './result-store.ts';

/** What the tag service works with. */
export interface TagServiceOptions {
  readonly node: string;
  readonly version: string;
  readonly store: SupervisedTagStore;
  readonly features: FeatureStores;
  readonly thumbnails: SupervisedThumbnailStore;
  readonly results: OwnResultStore;
  readonly queue: PhotoQueue;
  readonly deadLetters: DeadLetters;
  readonly models: ActiveModel;
  readonly view: ClusterView;
  /** Sees to it that a photo is in nothing that models are trained on. */
  readonly forgetInTraining: (photo: string) => Promise<unknown>;
}

const deadLettersOfAPhoto = 100;

/** Search, tags by their beginning, one photo's tags, forgetting a photo, and what the cluster is doing. */
export function tagService(options: TagServiceOptions): readonly Endpoint[] {
  const { store, features, thumbnails, results, deadLetters, queue } = options;
  return [
    endpoint('search', {}, async ({ query, limit, after, facets }) => {
      const parsed = parseSearchQuery(query);
      const [page, counted] = await Promise.all([
        store.search(parsed, { limit, after }),
        facets === 0 ? undefined : store.facets(parsed, facets),
      ]);
      const photos = page.hits.map(({ photoId, file, owner, score, model, taggedAt, tags, ...more }) => {
        const whose = { ...named(file), ...ownedBy(owner) };
        return { id: photoId, ...whose, score, model, taggedAt, tags: [...tags], ...added(more) };
      });
      const { next } = page;
      return { photos, ...(next === undefined ? {} : { next }), ...facetsOf(counted) };
    }),
    endpoint('tags', {}, async ({ prefix, limit }) => ({ tags: await store.complete(prefix, limit) })),
    endpoint('photo', {}, async ({ id }) => {
      const [row, dead] = await Promise.all([
        store.get(id),
        deadLetters.list({ limit: deadLettersOfAPhoto, id }),
      ]);
      const result =
        row === undefined
          ? {}
          : {
              result: {
                id,
                ...named(row.file),
                model: row.model,
                tags: [...row.tags],
                ...added(row),
              },
              ...ownedBy(row.owner),
              taggedAt: row.taggedAt,
            };
      return { ...result, dead: [...dead.letters] };
    }),
    endpoint('forget', {}, async ({ id }) => {
      // What is still on its way was submitted before this: its result will be superseded by the tombstone.
      const { lastSequence } = await queue.status();
      const last = { epoch: queue.epoch, sequence: lastSequence };
      const stored = await store.forget(id, last);
      // After the tags: the writer stores no features of a photo whose tags do not count.
      const rows = await features.remove(id, last);
      // Nor a thumbnail, once the batch is over that had its tags before they were gone.
      const had = await results.between(() => thumbnails.forget(id, last));
      // After the features: a run that begins again finds none of it.
      await options.forgetInTraining(id);
      const dead = await deadLetters.removePhoto(id);
      return { stored: stored ? 1 : 0, features: rows, thumbnails: had ? 1 : 0, deadLetters: dead };
    }),
    endpoint('status', {}, () => status(options)),
  ];
}

function named(file: string | undefined) {
  return file === undefined ? {} : { file };
}

function ownedBy(owner: string | undefined) {
  return owner === undefined ? {} : { owner };
}

function facetsOf(counted: Facets | undefined) {
  return counted === undefined ? {} : { total: counted.total, facets: [...counted.tags] };
}

/** What bolts and users have added, where they have. */
function added({ attributes, corrections }: Pick<StoredPhoto, 'attributes' | 'corrections'>) {
  return {
    ...(attributes === undefined ? {} : { attributes }),
    ...(corrections === undefined ? {} : { corrections: [...corrections] }),
  };
}

/** The model that a node uses, and the one that it should use and cannot. */
export function modelOf({ current, refused }: ActiveModel) {
  const { id, activation } = current.handle;
  return { model: id, activation, ...(refused === undefined ? {} : { refused }) };
}

async function status(options: TagServiceOptions) {
  const { node, version, store, thumbnails, queue, deadLetters, models, view } = options;
  const { leader, alive } = view;
  const [{ messages: photos, bytes, maxBytes, inFlight }, dead, tagged, pictures] = await Promise.all([
    queue.status(),
    deadLetters.status(),
    store.stats(),
    thumbnails.stats(),
  ]);
  return {
    node,
    version,
    ...modelOf(models),
    queue: { photos, bytes, maxBytes, inFlight },
    deadLetters: dead.messages,
    store: { ...tagged },
    thumbnails: { ...pictures },
    nodes: alive.length,
    ...(leader === undefined ? {} : { leader: leader.node }),
  };
}
