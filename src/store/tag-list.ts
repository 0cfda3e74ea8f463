/** One tag in a photo's row. */
export interface ListedTag {
  /** `tags.id`. */
  readonly id: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

const entryBytes = 6;

/** A photo's tags as its row keeps them: six bytes each, the id as uint32 and the score as uint16, little-endian. */
export function packTagList(tags: readonly ListedTag[]): Uint8Array {
  const bytes = new Uint8Array(tags.length * entryBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, { id, score }] of tags.entries()) {
    view.setUint32(index * entryBytes, id, true);
    view.setUint16(index * entryBytes + 4, score, true);
  }
  return bytes;
}

/** The inverse of {@link packTagList}. */
export function unpackTagList(bytes: Uint8Array): ListedTag[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / entryBytes }, (_, index) => ({
    id: view.getUint32(index * entryBytes, true),
    score: view.getUint16(index * entryBytes + 4, true),
  }));
}
