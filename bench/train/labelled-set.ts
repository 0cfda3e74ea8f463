import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { RawPhoto } from '../../src/train/photo-chunk.ts';

/** A photo set is parted in photos to learn from and photos to be judged on. */
export const setParts = ['train', 'test'] as const;

/** One of {@link setParts}. */
export type SetPart = (typeof setParts)[number];

/** Labels of some photos. */
export interface PhotoLabels {
  /** Rising. */
  readonly classes: readonly string[];
  /** `Int8Array [photos × classes]`: 1, −1, or 0 where there is no label */
  readonly labels: Int8Array;
}

/** The files of a part: lines `photo_id<TAB>base64` and `class<TAB>photo_id<TAB>TRUE|FALSE`. */
export function setFiles(
  folder: string,
  part: SetPart,
): { readonly pixels: string; readonly labels: string } {
  return {
    pixels: join(folder, `${part}.pixels.tsv.gz`),
    labels: join(folder, `${part}.labels.tsv.gz`),
  };
}

/** SHA-256 over the files of a set, in hex. */
export async function hashSet(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const part of setParts)
    for (const file of Object.values(setFiles(folder, part)))
      await pipeline(createReadStream(file), hash, { end: false });
  return hash.digest('hex');
}

/** Photos of a part, in their order. */
export async function* readPhotos(folder: string, part: SetPart): AsyncIterable<RawPhoto> {
  for await (const [id = '', base64 = ''] of readLines(setFiles(folder, part).pixels))
    yield { id, bytes: Buffer.from(base64, 'base64') };
}

/**
 * Labels of a part for some photos.
 * @param photos - their ids
 * @param classes - which classes; by default all that have a label
 */
export async function readLabels(
  folder: string,
  part: SetPart,
  photos: readonly string[],
  classes?: readonly string[],
): Promise<PhotoLabels> {
  const rows = new Map(photos.map((id, row) => [id, row]));
  const known = new Map<string, Int8Array>();
  for await (const [name = '', id = '', value] of readLines(setFiles(folder, part).labels)) {
    const row = rows.get(id);
    if (row === undefined) continue;
    const column = known.get(name) ?? new Int8Array(photos.length);
    known.set(name, column);
    column[row] = value === 'TRUE' ? 1 : -1;
  }
  const names = classes ?? [...known.keys()].sort();
  const labels = new Int8Array(photos.length * names.length);
  for (const [index, name] of names.entries())
    known.get(name)?.forEach((label, row) => (labels[row * names.length + index] = label));
  return { classes: names, labels };
}

async function* readLines(file: string): AsyncIterable<string[]> {
  const input = createReadStream(file).pipe(createGunzip());
  for await (const line of createInterface({ input, crlfDelay: Infinity })) yield line.split('\t');
}
