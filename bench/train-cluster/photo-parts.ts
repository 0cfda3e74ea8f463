import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { readLabels, readPhotos, type SetPart } from '../train/labelled-set.ts';

/** Files of some photos and their labels, as `cluster train` takes them. */
export interface PhotoFiles {
  readonly pixels: string;
  readonly labels: string;
  readonly photos: number;
}

/** A photo set, cut for the bench. */
export interface PhotoParts {
  readonly all: PhotoFiles;
  /** Nine tenths of {@link PhotoParts.all}, without the labels of {@link PhotoParts.newClass}. */
  readonly first: PhotoFiles;
  /** The last tenth, without those too. */
  readonly rest: PhotoFiles;
  /** A class, and the file of all its labels. */
  readonly newClass: { readonly name: string; readonly labels: string };
  readonly test: PhotoFiles;
}

/** Of ten photos the last one comes later. */
const oneIn = 10;

interface Photo {
  readonly id: string;
  readonly line: string;
}

/**
 * Writes a labelled photo set as the files that the bench trains with.
 * @param limit - photos at most, of each part
 */
export async function cutPhotos(photos: string, folder: string, limit = Infinity): Promise<PhotoParts> {
  await mkdir(folder, { recursive: true });
  const train = await photosOf(photos, 'train', limit);
  const test = await photosOf(photos, 'test', limit);
  const labels = await labelLines(photos, 'train', train);
  const [newClass = ''] = labels.classes;
  const write = async (name: string, some: readonly Photo[], lines: Iterable<string>) => {
    const files = {
      pixels: join(folder, `${name}.pixels.tsv.gz`),
      labels: join(folder, `${name}.labels.tsv.gz`),
    };
    await writeLines(
      files.pixels,
      some.map(({ line }) => line),
    );
    await writeLines(files.labels, lines);
    return { ...files, photos: some.length };
  };
  const isLater = (row: number) => row % oneIn === oneIn - 1;
  const rows = [...train.keys()];
  const part = (name: string, wanted: readonly number[]) =>
    write(
      name,
      wanted.map((row) => train[row]!),
      labels.of(wanted, (of) => of !== newClass),
    );
  const newLabels = join(folder, 'new-class.labels.tsv.gz');
  await writeLines(
    newLabels,
    labels.of(rows, (of) => of === newClass),
  );
  return {
    all: await write(
      'all',
      train,
      labels.of(rows, () => true),
    ),
    first: await part(
      'first',
      rows.filter((row) => !isLater(row)),
    ),
    rest: await part('rest', rows.filter(isLater)),
    newClass: { name: newClass, labels: newLabels },
    test: await write('test', test, []),
  };
}

async function photosOf(folder: string, part: SetPart, limit: number): Promise<Photo[]> {
  const photos: Photo[] = [];
  for await (const { id, bytes } of readPhotos(folder, part)) {
    if (photos.length >= limit) break;
    photos.push({ id, line: `${id}\t${Buffer.from(bytes).toString('base64')}\n` });
  }
  return photos;
}

async function labelLines(folder: string, part: SetPart, photos: readonly Photo[]) {
  const { classes, labels } = await readLabels(
    folder,
    part,
    photos.map(({ id }) => id),
  );
  function* of(rows: readonly number[], isWanted: (name: string) => boolean): Generator<string> {
    for (const [index, name] of classes.entries())
      if (isWanted(name))
        for (const row of rows) {
          const label = labels[row * classes.length + index];
          if (label !== 0) yield `${name}\t${photos[row]!.id}\t${label === 1 ? 'TRUE' : 'FALSE'}\n`;
        }
  }
  return { classes, of };
}

async function writeLines(file: string, lines: Iterable<string>): Promise<void> {
  await pipeline(Readable.from(lines), createGzip({ level: 1 }), createWriteStream(file));
}
