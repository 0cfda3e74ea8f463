import { Fault } from '../src/base/errors.ts';
import { randomId } from '../src/base/ids.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { FeatureSelection } from '../src/model/feature-store/feature-snapshot.ts';
import type { FeatureStores } from '../src/model/feature-store/feature-store.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { JobPool } from '../src/pool/job-pool.ts';
import { searchTerm } from '../src/store/search-query.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { SearchHit, StoredPhoto } from '../src/store/tag-store.ts';
import { relatedResult, relatedTask } from '../src/train/tasks/related.ts';

/** What the service of related photos works with. */
export interface RelatedServiceOptions {
  readonly store: Pick<SupervisedTagStore, 'get' | 'search'>;
  readonly features: FeatureStores;
  readonly extractors: readonly ExtractorReference[];
  /** The one in use says by which features photos are compared: the first of its extractors of which the photo has some. */
  readonly models: ActiveModel;
  /** Compares; not the threads of runs, behind which an answer would wait for minutes. */
  readonly pool: Pick<JobPool, 'run'>;
}

/** A photo that was found, and how similar it is. */
interface Related {
  readonly hit: SearchHit;
  readonly similarity: number;
}

/** Of so many of the photo's strongest tags, each alone; and of the two strongest together. */
const tagsAlone = 3;
/** Photos that are looked at of each search: 2,000 in all. */
const hitsOfSearch = 500;

/** Photos that look like one: of those that share its strongest tags, the ones whose features are most similar. */
export function relatedService(options: RelatedServiceOptions): readonly Endpoint[] {
  return [
    endpoint('related', {}, async ({ id, limit }) => {
      const photo = await options.store.get(id);
      if (photo === undefined) throw new Fault('NOT_FOUND', { what: 'photo', id });
      const found = await compare(id, await candidates(photo, options), options);
      const best = found.toSorted((a, b) => b.similarity - a.similarity).slice(0, limit);
      const photos = best.map(({ hit: { photoId, file, tags }, similarity }) => {
        return { id: photoId, ...(file === undefined ? {} : { file }), similarity, tags: [...tags] };
      });
      return { photos };
    }),
  ];
}

async function candidates(
  { photoId, tags }: StoredPhoto,
  { store }: RelatedServiceOptions,
): Promise<SearchHit[]> {
  // Each wanted by itself.
  const terms = [...new Set(tags.map(({ tag }) => searchTerm(tag)))]
    .slice(0, tagsAlone)
    .map((term) => [term]);
  const together = terms.length < 2 ? [] : [terms.slice(0, 2)];
  const found = new Map<string, SearchHit>();
  for (const wanted of [...together, ...terms.map((term) => [term])]) {
    const { hits } = await store.search({ wanted, unwanted: [] }, { limit: hitsOfSearch });
    for (const hit of hits) found.set(hit.photoId, hit);
  }
  found.delete(photoId);
  return [...found.values()];
}

/**
 * Those of the candidates that have features as the photo has, with their similarity.
 * @throws Fault `FEATURES_MISSING` if the photo has none
 */
async function compare(
  id: string,
  hits: readonly SearchHit[],
  { features, extractors, models, pool }: RelatedServiceOptions,
): Promise<Related[]> {
  const inUse = new Set(models.current.handle.blocks.map(({ extractor }) => extractor));
  for (const extractor of extractors.filter((each) => inUse.has(each.id))) {
    const store = await features.of(extractor);
    const selection = await store.select([id, ...hits.map(({ photoId }) => photoId)]);
    try {
      if (selection.places[0] !== undefined) return await similarities(hits, selection, pool);
    } finally {
      await store.release(selection);
    }
  }
  throw new Fault('FEATURES_MISSING', { id });
}

async function similarities(
  hits: readonly SearchHit[],
  selection: FeatureSelection,
  pool: RelatedServiceOptions['pool'],
): Promise<Related[]> {
  const described = hits.filter((_, index) => selection.places[index + 1] !== undefined);
  if (described.length === 0) return [];
  const places = selection.places.filter((place) => place !== undefined);
  const result = await pool.run(relatedTask(`related/${randomId()}`, { ...selection, places }));
  const found = relatedResult(result);
  return described.flatMap((hit, index) => {
    const similarity = found[index];
    return similarity === undefined ? [] : [{ hit, similarity }];
  });
}
