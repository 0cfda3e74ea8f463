import type { Correction, CorrectionRequest } from '../../src/store/corrections.ts';
import { searchTerm } from '../../src/store/search-query.ts';
import type { SearchQuery } from '../../src/store/search-query.ts';
import { scoreUnits } from '../../src/store/tag-store.ts';
import type {
  Outdated,
  Rescored,
  RescoreOutcome,
  StoredPhoto,
  Submission,
  TagResult,
  WriteOutcome,
} from '../../src/store/tag-store.ts';

/** What a tag store means, in the fewest words: maps, and a scan for each search. */
export class TagStoreModel {
  /** What the machine says. */
  readonly photos = new Map<string, TagResult>();
  /** Of a photo, by term. */
  readonly corrections = new Map<string, Map<string, Correction>>();
  readonly tombstones = new Map<string, Submission>();

  write(batch: readonly TagResult[]): WriteOutcome[] {
    return batch.map((result) => {
      const stored = this.photos.get(result.photoId);
      const forgotten = this.tombstones.get(result.photoId);
      if (forgotten !== undefined && order(result.submission, forgotten) <= 0) return 'superseded';
      if (stored !== undefined) {
        const submitted = order(result.submission, stored.submission);
        if (submitted < 0 || (submitted === 0 && result.activation < stored.activation)) return 'superseded';
      }
      this.tombstones.delete(result.photoId);
      this.photos.set(result.photoId, rounded(result));
      return 'stored';
    });
  }

  rescore(batch: readonly Rescored[]): RescoreOutcome[] {
    const seen = new Set<string>();
    return batch.map((rescored) => {
      const stored = seen.has(rescored.photoId) ? undefined : this.photos.get(rescored.photoId);
      seen.add(rescored.photoId);
      if (stored === undefined || order(rescored.submission, stored.submission) !== 0) return 'superseded';
      if (rescored.activation < stored.activation) return 'superseded';
      const after = rounded({ ...stored, ...rescored });
      this.photos.set(rescored.photoId, after);
      return JSON.stringify(after.tags) === JSON.stringify(stored.tags) ? 'same' : 'changed';
    });
  }

  outdated({ activation, taggedBefore }: Outdated): string[] {
    return [...this.photos.values()]
      .filter((row) => row.activation < activation || row.taggedAt < taggedBefore)
      .map(({ photoId }) => photoId);
  }

  forget(photoId: string, upTo?: Submission): boolean {
    const stored = this.photos.get(photoId)?.submission;
    const last = upTo ?? stored;
    if (last === undefined) return false;
    const before = this.tombstones.get(photoId);
    if (before === undefined || order(last, before) >= 0) this.tombstones.set(photoId, last);
    if (stored === undefined || order(stored, last) > 0) return false;
    this.corrections.delete(photoId);
    return this.photos.delete(photoId);
  }

  correct({ photoId, tags, by, at }: CorrectionRequest): boolean {
    if (!this.photos.has(photoId)) return false;
    const kept = this.corrections.get(photoId) ?? new Map<string, Correction>();
    for (const { tag, verdict } of tags)
      if (verdict === 'none') kept.delete(searchTerm(tag));
      else kept.set(searchTerm(tag), { tag, verdict, by, at });
    if (kept.size === 0) this.corrections.delete(photoId);
    else this.corrections.set(photoId, kept);
    return true;
  }

  /** The row as it is shown. */
  get(photoId: string): StoredPhoto | undefined {
    const row = this.photos.get(photoId);
    const kept = this.corrections.get(photoId);
    if (row === undefined || kept === undefined) return row;
    const corrections = [...kept]
      .toSorted(([a, { at }], [b, { at: other }]) => (at === other ? (a < b ? -1 : 1) : at - other))
      .map(([, correction]) => correction);
    const accepted = corrections.flatMap(({ tag, verdict }) =>
      verdict === 'accept' ? [{ tag, score: 1, by: 'user' as const }] : [],
    );
    const tags = [...accepted, ...row.tags.filter(({ tag }) => !kept.has(searchTerm(tag)))];
    return { ...row, tags, corrections };
  }

  /** Photos found, with their scores; only the scores are in order. */
  search(query: SearchQuery): Map<string, number> {
    const found = new Map<string, number>();
    for (const photoId of this.photos.keys()) {
      const photo = this.get(photoId)!;
      const scores = termScores(photo);
      if (query.unwanted.some((term) => scores.has(term)) || !isAskedFor(photo, query)) continue;
      const score = Math.min(
        1,
        ...query.wanted.map((group) => Math.max(...group.map((term) => scores.get(term) ?? -1))),
      );
      if (score >= 0 && satisfies(score, query)) found.set(photoId, score);
    }
    return found;
  }

  /** How many of the photos that a search finds have each term. */
  facets(query: SearchQuery): Map<string, number> {
    const counts = new Map<string, number>();
    for (const photoId of this.search(query).keys())
      for (const term of termScores(this.get(photoId)!).keys()) counts.set(term, (counts.get(term) ?? 0) + 1);
    return counts;
  }
}

function termScores({ tags }: TagResult): Map<string, number> {
  const scores = new Map<string, number>();
  for (const { tag, score } of tags)
    scores.set(searchTerm(tag), Math.max(score, scores.get(searchTerm(tag)) ?? 0));
  return scores;
}

function isAskedFor(photo: TagResult, query: SearchQuery): boolean {
  const { owner = photo.owner, model = '', taggedFrom = 0, taggedBefore = Infinity } = query;
  const isInTime = photo.taggedAt >= taggedFrom && photo.taggedAt < taggedBefore;
  return photo.owner === owner && photo.model.startsWith(model) && isInTime;
}

/** A result as a store gives it back: scores to four decimals. */
export function rounded(result: TagResult): TagResult {
  const tags = result.tags.map(({ tag, score }) => ({
    tag,
    score: Math.round(score * scoreUnits) / scoreUnits,
  }));
  return { ...result, tags };
}

function satisfies(score: number, { score: condition }: SearchQuery): boolean {
  if (condition === undefined) return true;
  return condition.comparison === '>' ? score > condition.value : score >= condition.value;
}

function order(a: Submission, b: Submission): number {
  return a.epoch === b.epoch ? a.sequence - b.sequence : a.epoch - b.epoch;
}
