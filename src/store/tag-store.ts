import { attributesProblem, type Attributes } from '../base/attributes.ts';
import { Fault } from '../base/errors.ts';
import { checkPhotoId, nameProblem } from '../base/ids.ts';
import type { CorrectedPage, Correction, CorrectionRequest, ShownTag } from './corrections.ts';
import type { Facets, TagCount } from './facets.ts';
import type { SearchQuery } from './search-query.ts';

/** When a photo was submitted, ordered by epoch, then sequence. */
export interface Submission {
  /** Creation time of the stream that took it, ms since the epoch: a stream made anew counts from 1 again. */
  readonly epoch: number;
  /** Its sequence number in that stream. */
  readonly sequence: number;
}

/** One tag of a photo. */
export interface ScoredTag {
  /** 1 to 256 bytes of Unicode without control characters, kept exactly as given. */
  readonly tag: string;
  /** 0 to 1; kept to four decimals, see {@link scoreUnits}. */
  readonly score: number;
}

/** What one model said about one submitted photo: a row of the store, keyed by `photoId`. */
export interface TagResult {
  readonly photoId: string;
  readonly submission: Submission;
  /** Its file's name, for display only; 1 to {@link maxFileBytes} bytes without control characters. */
  readonly file?: string | undefined;
  /** Whose it is, as whoever submitted it said; 1 to 256 bytes of Unicode without control characters. */
  readonly owner?: string | undefined;
  /** Number of the model's activation; a later activation has a higher one, also after a rollback. */
  readonly activation: number;
  /** Id of the model. */
  readonly model: string;
  /** Id of the extractor. */
  readonly extractor: string;
  /** SHA-256 of the photo's bytes, lower-case hex. */
  readonly sha256?: string | undefined;
  /** Pixels, as decoded and oriented. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Wall time, ms since the epoch. */
  readonly taggedAt: number;
  /** By falling score, none twice; may be empty. */
  readonly tags: readonly ScoredTag[];
  /** What users' bolts have added, if they have. */
  readonly attributes?: Attributes | undefined;
}

/** A row with what users say of it: tags are those that are shown and searched, not only the machine's. */
export interface StoredPhoto extends TagResult {
  readonly tags: readonly ShownTag[];
  /** Absent where nobody has corrected the photo. */
  readonly corrections?: readonly Correction[] | undefined;
}

/** What became of a written result: a newer one of the same photo, or its `forget`, makes it `superseded`. */
export type WriteOutcome = 'stored' | 'superseded';

/** What a model in use says of a photo whose row is there: the rest of the row stays as it is. */
export type Rescored = Pick<
  TagResult,
  'photoId' | 'submission' | 'activation' | 'model' | 'extractor' | 'taggedAt' | 'tags'
>;

/** What one model says of photos, in a form that is quickly copied to another thread: {@link Rescored}, but for what they have in common. */
export interface RescoredBatch extends Pick<Rescored, 'activation' | 'model' | 'extractor' | 'taggedAt'> {
  readonly photos: readonly Pick<Rescored, 'photoId' | 'submission'>[];
  /** Tags that these have, none twice. */
  readonly names: readonly string[];
  /** How many tags each photo has. */
  readonly counts: Uint32Array;
  /** Tags of each photo after those of the one before, by falling score: which of `names` each is. */
  readonly tags: Uint32Array;
  /** Their scores, in {@link scoreUnits}. */
  readonly scores: Uint16Array;
}

/**
 * What became of a row that was scored again. `changed`: it has other tags or scores. `same`: it has those it had, and says that they are
 * of this activation. `superseded`: it is of another submission or a later activation, or gone.
 */
export type RescoreOutcome = 'changed' | 'same' | 'superseded';

/** Which rows are to be scored again. */
export interface Outdated {
  /** Those of an earlier activation. */
  readonly activation: number;
  /** And those that were tagged before this, whatever their activation; wall time, ms since the epoch. */
  readonly taggedBefore: number;
}

/** Rows in their order, for whoever goes through all of them. */
export interface RowRange {
  /** Rows looked at, at most. */
  readonly limit: number;
  /** `next` of the page before; 0 at the beginning. */
  readonly after: number;
}

/** Some rows in an order that does not change, which new ones join at the end. */
export interface OutdatedPage {
  readonly rows: readonly Pick<TagResult, 'photoId' | 'submission'>[];
  /** Rows looked at, outdated or not. */
  readonly seen: number;
  /** Where the next page begins; absent on the last one. */
  readonly next?: number | undefined;
}

/** Which part of a search's hits is wanted. */
export interface Page {
  /** Hits at most, 1 to {@link maxPageSize}. */
  readonly limit: number;
  /** `next` of the page before; the first page without it. */
  readonly after?: string | undefined;
}

/** One photo that a search found. */
export interface SearchHit {
  readonly photoId: string;
  /** Its file's name, if it had one. */
  readonly file?: string | undefined;
  readonly owner?: string | undefined;
  /** The smallest score among the wanted tags, of alternatives the best: how sure the store is that they apply. 1 without tags. */
  readonly score: number;
  readonly model: string;
  /** Wall time, ms since the epoch. */
  readonly taggedAt: number;
  /** All tags of the photo, by falling score. */
  readonly tags: readonly ShownTag[];
  /** Absent where nobody has corrected the photo. */
  readonly corrections?: readonly Correction[] | undefined;
  readonly attributes?: Attributes | undefined;
}

/** Hits by falling score; of equal ones, the photo that was stored first last. */
export interface SearchPage {
  readonly hits: readonly SearchHit[];
  /** For {@link Page.after}; absent on the last page. Rows written meanwhile neither repeat nor hide the others. */
  readonly next?: string | undefined;
}

/** Sizes of a store. */
export interface TagStoreStats {
  readonly photos: number;
  /** Distinct tags, as searches compare them, that at least one photo has. */
  readonly tags: number;
  /** Pairs of photo and tag. */
  readonly postings: number;
  /** Forgotten photos that are still remembered as such. */
  readonly tombstones: number;
  /** Size on disk, bytes. */
  readonly bytes: number;
}

/**
 * Where the tags of photos are kept and searched. Every implementation passes `test/contract/tag-store.contract.ts`.
 *
 * A result replaces the photo's row and all of its tags at once if (submission, activation) is at least the stored
 * pair, compared in this order; otherwise it is superseded. Twice delivered is therefore once stored.
 *
 * Corrections are of a photo, not of a result: whatever the machine says later, they win over it, until they are taken back or
 * the photo is forgotten.
 *
 * Every method rejects with Fault `STORE_UNAVAILABLE` while the store is away.
 */
export interface TagStore {
  /**
   * Stores a batch in one transaction: all of it is durable once this resolves, none of it if it rejects.
   * Results are applied in order; the answer has one outcome each.
   * @throws Fault `PHOTO_ID` or `REQUEST_INVALID` if a result fails {@link checkTagResult}
   */
  write(batch: readonly TagResult[]): Promise<WriteOutcome[]>;
  /**
   * Replaces the tags of rows in one transaction, durable as {@link TagStore.write} is; file, hash and attributes stay. A row that has these
   * tags already keeps them, but for the activation.
   * @param batch - each photo once; a second time it is superseded
   * @throws Fault `PHOTO_ID` or `REQUEST_INVALID` if it cannot be kept
   */
  rescore(batch: RescoredBatch): Promise<RescoreOutcome[]>;
  /**
   * Outdated rows among the next `limit` rows at most, from `after` on: each page takes as long as the others, however few are outdated.
   */
  outdated(which: Outdated, page: RowRange): Promise<OutdatedPage>;
  /**
   * Keeps what a user says of tags of a photo, durably and for all searches that begin after this has resolved.
   * Resolves to whether the photo is there.
   * @throws Fault `PHOTO_ID` or `REQUEST_INVALID` if it cannot be kept, or is more than a photo may have
   */
  correct(request: CorrectionRequest): Promise<boolean>;
  /** Photos that have corrections, from `after` on. */
  corrected(page: RowRange): Promise<CorrectedPage>;
  /** The photo's row, or `undefined`. */
  get(photoId: string): Promise<StoredPhoto | undefined>;
  /**
   * Photos that have a tag of each wanted group and no unwanted one, and satisfy what else is asked.
   * @throws Fault `REQUEST_INVALID` if the page is not one
   */
  search(query: SearchQuery, page: Page): Promise<SearchPage>;
  /**
   * How many photos a search finds, and the tags that most of them have.
   * @param limit - tags at most
   */
  facets(query: SearchQuery, limit: number): Promise<Facets>;
  /**
   * Tags that begin with a text, both as searches compare them; those of most photos first, of equal ones by that text.
   * @param limit - tags at most
   */
  complete(prefix: string, limit: number): Promise<TagCount[]>;
  /**
   * Removes a photo and its tags, submissions up to `upTo` (default: the stored one), and leaves a tombstone so that
   * a late redelivery of one of them does not bring it back; a newer submission does.
   * Resolves to whether a row was removed.
   */
  forget(photoId: string, upTo?: Submission): Promise<boolean>;
  stats(): Promise<TagStoreStats>;
  /** Resolves if the store can read and write now. */
  health(): Promise<void>;
  /** Resolves when the store has ended: to nothing after {@link close}, to the reason if it broke down and must be opened again. */
  readonly exited: Promise<Fault | undefined>;
  /** Finishes what was asked before and ends; safe to repeat. */
  close(): Promise<void>;
  /** Ends now, as a crash would: what waits is rejected, what was answered stays; {@link exited} says so. */
  kill(): Promise<void>;
}

/** Largest {@link Page.limit}. */
export const maxPageSize = 1000;

/** A score is kept as a whole number of 1/10,000: two bytes in a row and an index, finer than any calibration. */
export const scoreUnits = 10_000;

/** A score as it is kept. */
export function toScoreUnits(score: number): number {
  return Math.round(score * scoreUnits);
}

/** Orders submissions: negative if `a` is older than `b`, 0 if they are one. */
export function compareSubmissions(a: Submission, b: Submission): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/**
 * Refuses a result that no store could keep, so that a writer can set it aside before it joins a batch.
 * @throws Fault `PHOTO_ID` or `REQUEST_INVALID`
 */
export function checkTagResult(result: TagResult): void {
  checkPhotoId(result.photoId);
  const [problem] = problemsOf(result);
  if (problem !== undefined)
    throw new Fault('REQUEST_INVALID', { reason: `the result of photo ${result.photoId} has ${problem}` });
}

function* problemsOf(result: TagResult): Generator<string> {
  const counts = [result.submission.epoch, result.submission.sequence, result.activation, result.taggedAt];
  if (!counts.every(isCount)) yield 'a submission, activation or time that is not a whole number';
  if (result.file !== undefined && !isFileName(result.file)) yield 'a file name that cannot be kept';
  const ownerProblem = result.owner === undefined ? undefined : nameProblem(result.owner);
  if (ownerProblem !== undefined) yield `an owner that ${ownerProblem}`;
  for (const size of [result.width, result.height])
    if (size !== undefined && !isCount(size)) yield 'a width or height that is not a whole number';
  yield* problemsOfModel(result);
  if (result.sha256 !== undefined && !/^[0-9a-f]{64}$/.test(result.sha256))
    yield 'a SHA-256 that is not 64 hex digits';
  let last = 1;
  for (const { tag, score } of result.tags) {
    const problem = nameProblem(tag);
    if (problem !== undefined) yield `a tag that ${problem}`;
    if (!(score >= 0 && score <= last)) yield 'tags that are not by falling score from 1 to 0';
    last = score;
  }
  if (new Set(result.tags.map(({ tag }) => tag)).size < result.tags.length) yield 'a tag twice';
  const problem = attributesProblem(result.attributes ?? {});
  if (problem !== undefined) yield problem;
}

/** What no store could keep of the names of a model and its extractor. */
export function* problemsOfModel({
  model,
  extractor,
}: Pick<TagResult, 'model' | 'extractor'>): Generator<string> {
  for (const name of [model, extractor]) {
    const problem = nameProblem(name);
    if (problem !== undefined) yield `a model or extractor whose id ${problem}`;
  }
}

/** Longest {@link TagResult.file}, bytes of UTF-8. */
const maxFileBytes = 4096;

/** Whether a file name can be kept with a photo. */
export function isFileName(file: string): boolean {
  return file.length > 0 && Buffer.byteLength(file) <= maxFileBytes && !/[\p{Cc}\p{Cs}]/u.test(file);
}

/** Whether a number is one that counts or times are. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
