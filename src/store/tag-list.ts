/** One tag in a photo's row. */
export interface ListedTag {
  /** `tags.id`. */
  readonly tag: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

/** What a tag takes in a list. */
export const listedTagBytes = 6;

/** A photo's tags as its row keeps them: six bytes each, the id as uint32 and the score as uint16, little-endian. */
export function packTagList(tags: readonly ListedTag[]): Uint8Array {
  const bytes = new Uint8Array(tags.length * listedTagBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { tag, score } of tags) {
    view.setUint32(at, tag, true);
    view.setUint16(at + 4, score, true);
    at += listedTagBytes;
  }
  return bytes;
}

/** The inverse of {@link packTagList}. */
export function unpackTagList(bytes: Uint8Array): ListedTag[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags: ListedTag[] = [];
  for (let at = 0; at < bytes.byteLength; at += listedTagBytes)
    tags.push({ tag: view.getUint32(at, true), score: view.getUint16(at + 4, true) });
  return tags;
}
