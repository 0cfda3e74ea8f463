import { Fault } from '../base/errors.ts';
import { checkPhotoId, nameProblem } from '../base/ids.ts';
import {
  isCount,
  problemsOfModel,
  type Rescored,
  type RescoredBatch,
  type ScoredTag,
  scoreUnits,
} from './tag-store.ts';

/**
 * Refuses a batch that no store could keep.
 * @throws Fault `PHOTO_ID` or `REQUEST_INVALID`
 */
export function checkRescored(batch: RescoredBatch): void {
  for (const { photoId } of batch.photos) checkPhotoId(photoId);
  const [problem] = problemsOf(batch);
  if (problem !== undefined)
    throw new Fault('REQUEST_INVALID', { reason: `a batch of photos that were scored again has ${problem}` });
}

/** Names once, however many photos have them. */
function* problemsOf({ photos, names, ...batch }: RescoredBatch): Generator<string> {
  const areSubmissions = photos.every(
    ({ submission: { epoch, sequence } }) => isCount(epoch) && isCount(sequence),
  );
  if (!areSubmissions || !isCount(batch.activation) || !isCount(batch.taggedAt))
    yield 'a submission, activation or time that is not a whole number';
  yield* problemsOfModel(batch);
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) yield `a tag that ${problem}`;
  }
  if (new Set(names).size < names.length) yield 'a tag twice';
  yield* problemsOfTags(batch, photos.length, names.length);
}

function* problemsOfTags(
  { counts, tags, scores }: Pick<RescoredBatch, 'counts' | 'tags' | 'scores'>,
  photos: number,
  names: number,
): Generator<string> {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.length !== photos || tags.length !== total || scores.length !== total)
    yield 'not as many tags as it says';
  /** Of each name, the last photo that had it. */
  const seen = new Int32Array(names).fill(-1);
  let at = 0;
  for (const [photo, count] of counts.entries()) {
    let last = scoreUnits;
    for (const end = at + count; at < end; at += 1) {
      const tag = tags[at] ?? names;
      const score = scores[at] ?? 0;
      if (tag >= names) yield 'a tag without a name';
      if (seen[tag] === photo) yield 'a tag twice';
      if (score > last) yield 'tags that are not by falling score from 1 to 0';
      seen[tag] = photo;
      last = score;
    }
  }
}

/**
 * The tags of each photo of a batch.
 * @param tagOf - makes a tag of the place of its name in the batch and its score, in {@link scoreUnits}
 */
export function tagsOf<Tag>(
  { counts, tags, scores }: RescoredBatch,
  tagOf: (name: number, score: number) => Tag,
): Tag[][] {
  let at = 0;
  return Array.from(counts, (count) => {
    const list: Tag[] = [];
    for (const end = at + count; at < end; at += 1) list.push(tagOf(tags[at] ?? 0, scores[at] ?? 0));
    return list;
  });
}

/** A batch photo by photo. */
export function rescoredOf(batch: RescoredBatch): Rescored[] {
  const { photos, names, activation, model, extractor, taggedAt } = batch;
  const tags = tagsOf(batch, (name, score): ScoredTag => ({
    tag: names[name] ?? '',
    score: score / scoreUnits,
  }));
  return photos.map(({ photoId, submission }, index) => {
    return { photoId, submission, activation, model, extractor, taggedAt, tags: tags[index] ?? [] };
  });
}
