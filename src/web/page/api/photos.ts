import { ApiError, call, callIfThere, path } from './call.ts';
import type { Photo, PhotoResult, RelatedPhoto, SearchPage, TagCount, Verdict } from './types.ts';

/** Why a photo was not stored. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Whether the same may succeed later. */
  readonly retry: boolean;
}

/** What the node says to a photo that was sent. */
export type Receipt = { readonly id: string; readonly state: 'stored' } | { readonly error: Refusal };

/**
 * Sends photos; answers what became of each, in their order, when they are stored in the queue.
 * @throws ApiError if that holds for all of them alike
 */
export async function sendPhotos(files: readonly File[]): Promise<readonly Receipt[]> {
  const body = new FormData();
  for (const file of files) body.append('file', file, file.name);
  try {
    return (await call<Receipts>('photos', { method: 'POST', body })).photos;
  } catch (error) {
    // All were refused, each with its own reason.
    const answer = (error instanceof ApiError ? error.body : undefined) as Partial<Receipts> | undefined;
    if (answer?.photos?.length !== files.length) throw error;
    return answer.photos;
  }
}

interface Receipts {
  readonly photos: readonly Receipt[];
}

/** A photo, or `undefined` if the node has none of this id. @throws ApiError */
export function getPhoto(id: string, signal?: AbortSignal): Promise<Photo | undefined> {
  return callIfThere(path`photos/${id}`, { signal });
}

/** Erases a photo with all that is known of it. @throws ApiError */
export async function forgetPhoto(id: string): Promise<void> {
  await call(path`photos/${id}`, { method: 'DELETE' });
}

/** What corrections change of a photo. */
export type Corrected = Pick<Photo, 'tags' | 'corrections'>;

/**
 * Says of a tag that it is right or wrong; `undefined` takes that back.
 * @throws ApiError
 */
export function correctTag(id: string, tag: string, verdict: Verdict | undefined): Promise<Corrected> {
  return call(
    path`photos/${id}/corrections/${tag}`,
    verdict === undefined ? { method: 'DELETE' } : { method: 'PUT', body: { verdict } },
  );
}

/** Photos that look like this one. @throws ApiError */
export async function relatedPhotos(id: string, signal?: AbortSignal): Promise<readonly RelatedPhoto[]> {
  const query = { limit: relatedShown };
  return (await call<{ hits: readonly RelatedPhoto[] }>(path`photos/${id}/related`, { query, signal })).hits;
}

/** A page of the photos that a query finds. @throws ApiError */
export function searchPhotos(
  query: string,
  { after, signal }: { readonly after?: string; readonly signal?: AbortSignal } = {},
): Promise<SearchPage> {
  return call('search', { query: { q: query, limit: pageSize, after }, signal });
}

/** What is counted of all hits. */
export type HitCounts = Pick<SearchPage, 'total' | 'facets'>;

/** How many photos a query finds, and the tags that most of these have. @throws ApiError */
export function countPhotos(query: string, signal?: AbortSignal): Promise<HitCounts> {
  return call('search', { query: { q: query, limit: 1, facets: facetsShown }, signal });
}

/** Tags that begin so, those of most photos first. @throws ApiError */
export async function completeTag(
  prefix: string,
  limit: number,
  signal?: AbortSignal,
): Promise<readonly TagCount[]> {
  return (await call<{ tags: readonly TagCount[] }>('tags', { query: { prefix, limit }, signal })).tags;
}

/** Whether a photo has tags. */
export function isTagged(result: PhotoResult): result is Extract<PhotoResult, { tags: unknown }> {
  return 'tags' in result;
}

const relatedShown = 12;
const pageSize = 48;
const facetsShown = 20;
