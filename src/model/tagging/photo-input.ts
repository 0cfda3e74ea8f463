import { dirname, resolve } from 'node:path';
import { nameProblem } from '../../base/ids.ts';
import { readLines } from '../training-set/line-reader.ts';
import { listPhotos, readPhotoFile } from '../training-set/photo-folders.ts';
import { readPixelData, type InputPhoto, type PhotoReading } from '../training-set/pixel-data.ts';
import { textOf } from '../training-set/utf8-text.ts';
import type { SeenIds } from './seen-ids.ts';

/** Where photos come from. */
export type PhotoSource =
  /** Lines of pixel data, or of paths of photos; with the bytes that the file had when the run began. */
  | { readonly kind: 'pixels' | 'list'; readonly file: string; readonly bytes: number }
  /** All photos below a folder. */
  | { readonly kind: 'folder'; readonly folder: string };

/** A place between two photos of the sources, from which they can be read on; plain data. */
export interface InputPlace {
  /** Index of the source. */
  readonly source: number;
  /** In a file. */
  readonly offset?: number | undefined;
  readonly line?: number | undefined;
  /** In a folder: after the photo of this id. */
  readonly after?: string | undefined;
}

/** A photo, and where it was found. */
export interface PlacedPhoto extends InputPhoto {
  readonly file: string;
  /** Of a file of pixel data. */
  readonly line?: number;
  /** The place behind it. */
  readonly next: InputPlace;
  /** How much of all sources lies before {@link next}, about, 0 to 1. */
  readonly share: number;
}

/** What the photos of a run are read with. */
export interface InputReading extends Required<
  Pick<PhotoReading, 'maxPhotoBytes' | 'onProblem' | 'isStored'>
> {
  /** Each photo id counts once, wherever it comes. */
  readonly seen: SeenIds;
}

/** Longest path in a list, bytes. */
const maxPathBytes = 4096;

/**
 * Reads the photos of sources one after the other, from a place on. The id of a photo is that of its line, its path below the folder, or
 * its path as the list has it; relative ones are of the list's folder.
 *
 * Problems: those of `readPixelData` and `listPhotos`; `duplicate` for each id that comes again.
 * @throws Fault `FILE_READ`
 */
export async function* readInput(
  sources: readonly PhotoSource[],
  reading: InputReading,
  from: InputPlace,
): AsyncGenerator<PlacedPhoto> {
  const sizes = weightsOf(sources);
  for (const [index, source] of sources.entries()) {
    if (index < from.source) continue;
    const before = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    for await (const { share, next, ...photo } of photosOf(
      source,
      reading,
      index === from.source ? from : {},
    ))
      yield {
        ...photo,
        next: { ...next, source: index },
        share: before + share * (sizes[index] ?? 0),
      };
  }
}

/** How much of all each source is, about: by bytes, if all have some. */
function weightsOf(sources: readonly PhotoSource[]): number[] {
  const isByBytes = sources.every(({ kind }) => kind === 'pixels');
  const sizes = sources.map((source) => (isByBytes && source.kind === 'pixels' ? source.bytes : 1));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => (all === 0 ? 0 : size / all));
}

type FoundPhoto = Omit<PlacedPhoto, 'next'> & { readonly next: Omit<InputPlace, 'source'> };

function photosOf(
  source: PhotoSource,
  reading: InputReading,
  from: Omit<InputPlace, 'source'>,
): AsyncGenerator<FoundPhoto> {
  switch (source.kind) {
    case 'pixels':
      return ofPixels(source, reading, from);
    case 'list':
      return ofList(source, reading, from);
    case 'folder':
      return ofFolder(source.folder, reading, from.after);
  }
}

type FileSource = Exclude<PhotoSource, { kind: 'folder' }>;

async function* ofPixels(
  { file, bytes: fileBytes }: FileSource,
  reading: InputReading,
  { offset = 0, line = 1 }: Partial<InputPlace>,
): AsyncGenerator<FoundPhoto> {
  let read = 0;
  const lines = { from: { offset, line }, fileBytes, onRead: (bytes: number) => (read = bytes) };
  for await (const photo of readPixelData(file, { ...reading, reportsRepeats: true }, lines))
    // Of a packed file the place is in what was unpacked, and says nothing of how much is left.
    yield { ...photo, file, share: Math.min(read, photo.next.offset) / fileBytes };
}

async function* ofList(
  { file: list, bytes: fileBytes }: FileSource,
  reading: InputReading,
  { offset = 0, line = 1 }: Partial<InputPlace>,
): AsyncGenerator<FoundPhoto> {
  const { onProblem } = reading;
  for await (const lines of readLines(list, maxPathBytes, { from: { offset, line }, fileBytes }))
    for (const each of lines) {
      if (each.problem !== undefined) {
        onProblem(each.problem);
        continue;
      }
      const { number, bytes, next } = each;
      const id = textOf(bytes);
      const wrong = id === undefined ? 'is not UTF-8' : nameProblem(id);
      if (id === undefined || wrong !== undefined)
        onProblem({ code: 'photo-id', file: list, line: number, reason: `has a path that ${wrong ?? ''}` });
      else {
        const file = resolve(dirname(list), id);
        const content = await contentOf({ id, file }, reading);
        if (content !== undefined)
          yield { id, bytes: content, file, next, share: Math.min(1, next.offset / fileBytes) };
      }
    }
}

async function* ofFolder(
  folder: string,
  reading: InputReading,
  after: string | undefined,
): AsyncGenerator<FoundPhoto> {
  for await (const { id, file, share } of listPhotos(folder, reading.onProblem, after)) {
    const bytes = await contentOf({ id, file }, reading);
    if (bytes !== undefined) yield { id, bytes, file, next: { after: id }, share };
  }
}

async function contentOf(
  { id, file }: { readonly id: string; readonly file: string },
  reading: InputReading,
): Promise<Uint8Array | undefined> {
  if (reading.seen.note(Buffer.from(id, 'utf8')) !== 'new') {
    reading.onProblem({ code: 'duplicate', file, reason: `has the photo id ${id} again; the first counts` });
    return undefined;
  }
  return (await reading.isStored(id)) ? undefined : await readPhotoFile(file, reading);
}
