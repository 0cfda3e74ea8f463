/*
 * A row's place in a store or snapshot is one number below 2^32 − 1: which segment, and which row of it.
 */

const rowBits = 18;

/** Rows of a segment at most. */
export const maxSegmentRows = 2 ** rowBits;
/** Segments of a store at most: with full ones, some four thousand million rows. */
export const maxSegments = 2 ** (32 - rowBits) - 1;

/** The place of a row. */
export function placeOf(slot: number, row: number): number {
  return slot * maxSegmentRows + row;
}

/** The segment's slot. */
export function slotOf(place: number): number {
  return place >>> rowBits;
}

/** The row in its segment. */
export function rowOf(place: number): number {
  return place & (maxSegmentRows - 1);
}
