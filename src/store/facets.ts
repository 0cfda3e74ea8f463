/** A tag, and how many photos have it. */
export interface TagCount {
  /** As it was given; of tags that are one for searches, one of them. */
  readonly tag: string;
  readonly photos: number;
}

/** What a search finds, by tags. */
export interface Facets {
  /** Hits, or {@link sampledHits} if there are `more`. */
  readonly total: { readonly photos: number; readonly more: boolean };
  /** The tags that most of these hits have, the most frequent first. */
  readonly tags: readonly TagCount[];
}

/** Up to so many hits are counted; of more, so many of them, whichever the store comes to first. */
export const sampledHits = 10_000;

/** The facets of a search that finds nothing. */
export const noFacets: Facets = { total: { photos: 0, more: false }, tags: [] };

/** What all texts that begin with a prefix come before: the prefix with the last character of Unicode. */
export function endOf(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

/** The most frequent first; of equally frequent ones, by their text. */
export function mostFrequent(counts: readonly TagCount[], limit: number): TagCount[] {
  return counts.toSorted((a, b) => b.photos - a.photos || (a.tag < b.tag ? -1 : 1)).slice(0, limit);
}
