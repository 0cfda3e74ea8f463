/** One tag in a photo's row. */
export interface ListedTag {
  /** `tags.id`. */
  readonly id: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

/** What a tag takes in a list. */
export const listedTagBytes = 6;

/** A photo's tags as its row keeps them: six bytes each, the id as uint32 and the score as uint16, little-endian. */
export function packTagList(tags: readonly ListedTag[]): Uint8Array {
  const bytes = new Uint8Array(tags.length * listedTagBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, { id, score }] of tags.entries()) {
    view.setUint32(index * listedTagBytes, id, true);
    view.setUint16(index * listedTagBytes + 4, score, true);
  }
  return bytes;
}

/** The inverse of {@link packTagList}. */
export function unpackTagList(bytes: Uint8Array): ListedTag[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / listedTagBytes }, (_, index) => ({
    id: view.getUint32(index * listedTagBytes, true),
    score: view.getUint16(index * listedTagBytes + 4, true),
  }));
}
