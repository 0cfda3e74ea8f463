import { Fault } from '../base/errors.ts';
import { checkPhotoId, nameProblem } from '../base/ids.ts';
import { searchTerm } from './search-query.ts';

/** What a user says of a tag of a photo, against or with the machine. */
export interface Correction {
  /** As the user wrote it; compared as searches do, see {@link searchTerm}. */
  readonly tag: string;
  readonly verdict: 'accept' | 'reject';
  /** Who says so, as the client says; 1 to 256 bytes. */
  readonly by: string;
  /** Wall time, ms since the epoch. */
  readonly at: number;
}

/** What somebody says of some tags of a photo, all at once. */
export interface CorrectionRequest extends Pick<Correction, 'by' | 'at'> {
  readonly photoId: string;
  /** `none` takes a correction back. Of tags that are one to searches, the last counts. */
  readonly tags: readonly { readonly tag: string; readonly verdict: Correction['verdict'] | 'none' }[];
}

/** A tag that a photo is shown with and found by; `by` where a user has accepted it. */
export interface ShownTag {
  readonly tag: string;
  readonly score: number;
  readonly by?: 'user';
}

/** A photo that users have corrected, and how: by time, then by tag. */
export interface CorrectedPhoto {
  readonly photoId: string;
  readonly corrections: readonly Correction[];
}

/** Some corrected photos in the order of their rows. */
export interface CorrectedPage {
  readonly photos: readonly CorrectedPhoto[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: number | undefined;
}

/** The most corrections that a photo may have. */
export const maxCorrections = 1_000;

/** Corrections as a row keeps them: JSON of an object that has one for each term. */
export type KeptCorrections = string | null;

/**
 * Refuses what no store could keep.
 * @throws Fault `PHOTO_ID`, `REQUEST_INVALID`
 */
export function checkCorrections({ photoId, tags, by, at }: CorrectionRequest): void {
  checkPhotoId(photoId);
  const problems = tags.map(({ tag }) => nameProblem(tag)).filter((problem) => problem !== undefined);
  const user = nameProblem(by);
  if (problems[0] !== undefined) throw invalid(photoId, `names a tag that ${problems[0]}`);
  if (user !== undefined) throw invalid(photoId, `is by somebody whose name ${user}`);
  if (!Number.isSafeInteger(at) || at < 0) throw invalid(photoId, 'has a time that is not a whole number');
}

/** That a photo has as many corrections as it may have. */
export function tooManyCorrections(photoId: string): Fault {
  return invalid(photoId, `would be one more than the ${String(maxCorrections)} that a photo may have`);
}

/** What a request changes: the terms that it is about, and what is to be kept of them. */
export function changesOf({ tags, by, at }: CorrectionRequest): {
  readonly terms: readonly string[];
  readonly given: ReadonlyMap<string, Correction>;
} {
  const terms = new Map(tags.map((said) => [searchTerm(said.tag), said]));
  const given = new Map<string, Correction>();
  for (const [term, { tag, verdict }] of terms)
    if (verdict !== 'none') given.set(term, { tag, verdict, by, at });
  return { terms: [...terms.keys()], given };
}

/**
 * What a row keeps after a request.
 * @throws Fault `REQUEST_INVALID` if that were more than {@link maxCorrections}
 */
export function changed(kept: KeptCorrections, request: CorrectionRequest): KeptCorrections {
  const { terms, given } = changesOf(request);
  const all = new Map(entriesOf(kept));
  for (const term of terms) all.delete(term);
  for (const [term, correction] of given) all.set(term, correction);
  if (all.size > maxCorrections) throw tooManyCorrections(request.photoId);
  return all.size === 0 ? null : keptText(all);
}

/** The JSON of corrections by their terms. */
export function keptText(corrections: ReadonlyMap<string, Correction>): string {
  return JSON.stringify(Object.fromEntries(corrections));
}

/** The corrections that a row keeps: by time, then by term. */
export function correctionsOf(kept: KeptCorrections): Correction[] {
  return entriesOf(kept)
    .sort(([term, { at }], [other, { at: otherAt }]) => at - otherAt || (term < other ? -1 : 1))
    .map(([, correction]) => correction);
}

/**
 * What is shown of a photo: the tags that users have accepted, then those of the row of which nobody has said anything; and what
 * users have said, if they have.
 */
export function shownOf(
  tags: readonly ShownTag[],
  kept: KeptCorrections,
): { readonly tags: readonly ShownTag[]; readonly corrections?: readonly Correction[] } {
  if (kept === null) return { tags };
  const corrections = correctionsOf(kept);
  const terms = new Set(corrections.map(({ tag }) => searchTerm(tag)));
  const accepted = corrections
    .filter(({ verdict }) => verdict === 'accept')
    .map(({ tag }) => ({ tag, score: 1, by: 'user' as const }));
  const others = tags.filter(({ tag }) => !terms.has(searchTerm(tag)));
  return { tags: [...accepted, ...others], corrections };
}

function entriesOf(kept: KeptCorrections): [term: string, Correction][] {
  return kept === null ? [] : Object.entries(JSON.parse(kept) as Record<string, Correction>);
}

function invalid(photoId: string, problem: string): Fault {
  return new Fault('REQUEST_INVALID', { reason: `a correction of photo ${photoId} ${problem}` });
}
