/** Consecutive rows whose postings lie together: a place among them takes 13 bits. */
export const chunkPhotos = 8_192;

/**
 * The photos of a chunk that have a term, by falling score: of each its score, in 1/10,000, in the high 16 bits and its place in
 * the chunk in the low ones, little-endian.
 */
export type PostingBlock = Uint32Array;

/** What is to become of the photos of a block, by their places: the score, or {@link withdrawn}. */
export type BlockChanges = ReadonlyMap<number, number>;

/** Instead of a score: the photo has the term no more. */
export const withdrawn = -1;

/** The chunk of a row. */
export function chunkOf(photo: number): number {
  return Math.floor(photo / chunkPhotos);
}

/** The place of a row in its chunk. */
export function placeOf(photo: number): number {
  return photo % chunkPhotos;
}

/** A posting, see {@link PostingBlock}: one that scores more is a larger number. */
export function posting(place: number, score: number): number {
  return ((score << 16) | place) >>> 0;
}

/** The place of a posting. */
export function placeIn(entry: number): number {
  return entry & 0xffff;
}

/** The score of a posting. */
export function scoreIn(entry: number): number {
  return entry >>> 16;
}

/** The block of some postings. */
export function blockOf(entries: Iterable<number>): PostingBlock {
  return byFallingScore(Uint32Array.from(entries));
}

/** A block after changes. */
export function changedBlock(block: PostingBlock, changes: BlockChanges): PostingBlock {
  const entries = new Uint32Array(block.length + changes.size);
  let length = 0;
  for (const entry of block) if (!changes.has(placeIn(entry))) entries[length++] = entry;
  for (const [place, score] of changes) if (score !== withdrawn) entries[length++] = posting(place, score);
  return byFallingScore(entries.subarray(0, length));
}

/** In place. */
function byFallingScore(entries: Uint32Array): PostingBlock {
  return entries.sort().reverse();
}
