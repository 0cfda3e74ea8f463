import type { PublishedModel } from '../src/pool/published-model.ts';
import { type RescoredBatch, toScoreUnits } from '../src/store/tag-store.ts';
import type { TagSelection } from '../src/vision/scores.ts';

/** A photo, and what a model has found in it. */
export interface RescoredPhoto {
  readonly photo: RescoredBatch['photos'][number];
  readonly found: TagSelection;
}

/**
 * What a model has found in photos, as tag stores take it.
 * @param taggedAt - wall time, ms since the epoch
 */
export function rescoredBatch(
  photos: readonly RescoredPhoto[],
  { handle, extractor, classes }: PublishedModel,
  taggedAt: number,
): RescoredBatch {
  const counts = Uint32Array.from(photos, ({ found }) => found.indices.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [tags, scores] = [new Uint32Array(total), new Uint16Array(total)];
  /** Names of the batch, and which each is. */
  const names = new Map<string, number>();
  let at = 0;
  for (const { found } of photos)
    for (const [rank, index] of found.indices.entries()) {
      const name = classes[index] ?? '';
      const number = names.get(name) ?? names.size;
      names.set(name, number);
      tags[at] = number;
      scores[at] = toScoreUnits(found.scores[rank] ?? 0);
      at += 1;
    }
  return {
    ...{ activation: handle.activation, model: handle.id, extractor, taggedAt },
    photos: photos.map(({ photo: { photoId, submission } }) => ({ photoId, submission })),
    ...{ names: [...names.keys()], counts, tags, scores },
  };
}
