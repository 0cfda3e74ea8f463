import { Fault } from '../base/errors.ts';

/** A photo as it came: its id and its file's bytes. */
export interface RawPhoto {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/*
 * A chunk of photos, for each: u32 length of the id, u32 length of the bytes, little-endian; the id in UTF-8; the bytes.
 */
const headBytes = 8;

/** A chunk of photos as the parts of a blob. */
export function packPhotos(photos: readonly RawPhoto[]): Uint8Array[] {
  return photos.flatMap(({ id, bytes }) => {
    const name = Buffer.from(id, 'utf8');
    const head = Buffer.alloc(headBytes);
    head.writeUInt32LE(name.length, 0);
    head.writeUInt32LE(bytes.length, 4);
    return [head, name, bytes];
  });
}

/**
 * The photos of a chunk, as views of it.
 * @throws Fault `INTERNAL` when it is no chunk: blobs are checked when they are read
 */
export function unpackPhotos(chunk: Buffer): RawPhoto[] {
  const photos: RawPhoto[] = [];
  for (let offset = 0; offset < chunk.length;) {
    if (offset + headBytes > chunk.length) throw cut();
    const nameEnd = offset + headBytes + chunk.readUInt32LE(offset);
    const end = nameEnd + chunk.readUInt32LE(offset + 4);
    if (end > chunk.length) throw cut();
    photos.push({
      id: chunk.toString('utf8', offset + headBytes, nameEnd),
      bytes: chunk.subarray(nameEnd, end),
    });
    offset = end;
  }
  return photos;
}

function cut(): Fault {
  return new Fault('INTERNAL', { reason: 'a chunk of photos is cut off' });
}

/** Photos and bytes of a chunk, at most. */
const chunkPhotos = 256;
const chunkBytes = 8 * 1024 * 1024;

/** Photos as they come, in chunks. */
export async function* chunksOf(photos: AsyncIterable<RawPhoto>): AsyncIterable<RawPhoto[]> {
  let chunk: RawPhoto[] = [];
  let bytes = 0;
  for await (const photo of photos) {
    chunk.push(photo);
    bytes += photo.bytes.length;
    if (chunk.length < chunkPhotos && bytes < chunkBytes) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
