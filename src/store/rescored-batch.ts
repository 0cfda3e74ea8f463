import { Fault } from '../base/errors.ts';
import { checkPhotoId, nameProblem } from '../base/ids.ts';
import { isCount, type Rescored, type RescoredBatch, type ScoredTag, scoreUnits } from './tag-store.ts';

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
  for (const name of [batch.model, batch.extractor]) {
    const problem = nameProblem(name);
    if (problem !== undefined) yield `a model or extractor whose id ${problem}`;
  }
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

/** A batch photo by photo. */
export function rescoredOf({ photos, names, counts, tags, scores, ...by }: RescoredBatch): Rescored[] {
  let at = 0;
  return photos.map(({ photoId, submission }, index) => {
    const list: ScoredTag[] = [];
    for (const end = at + (counts[index] ?? 0); at < end; at += 1)
      list.push({ tag: names[tags[at] ?? 0] ?? '', score: (scores[at] ?? 0) / scoreUnits });
    const { activation, model, extractor, taggedAt } = by;
    return { photoId, submission, activation, model, extractor, taggedAt, tags: list };
  });
}
