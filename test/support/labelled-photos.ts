import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { jpeg, paint, type Colour } from './photos.ts';
import { seeded } from './random.ts';

const colours = { red: [200, 40, 30], green: [42, 154, 60], blue: [40, 70, 200] } as const satisfies Record<
  string,
  Colour
>;

/** Whether a point of the square from −1 to 1 is in a shape. */
const shapes = {
  circle: (x: number, y: number) => x * x + y * y < 0.8,
  square: (x: number, y: number) => Math.max(Math.abs(x), Math.abs(y)) < 0.75,
  triangle: (x: number, y: number) => y < 0.8 && y > 2 * Math.abs(x) - 0.9,
} as const;

const side = 160;

/** What can be seen. */
export const colourNames = Object.keys(colours) as (keyof typeof colours)[];
export const shapeNames = Object.keys(shapes) as (keyof typeof shapes)[];

/** A photo of a coloured shape, of which it is known what it shows. */
export interface LabelledPhoto {
  readonly id: string;
  readonly colour: keyof typeof colours;
  readonly shape: keyof typeof shapes;
  /** JPEG. */
  readonly bytes: Uint8Array;
}

/** So many photos, each colour and shape equally often, somewhere in the picture and never the same twice. */
export async function labelledPhotos(count: number, seed = 1): Promise<LabelledPhoto[]> {
  const random = seeded(seed);
  const photos: LabelledPhoto[] = [];
  for (let number = 0; number < count; number += 1) {
    const colour = colourNames[number % 3]!;
    const shape = shapeNames[Math.floor(number / 3) % 3]!;
    const radius = 45 + random.below(20);
    const [left, top] = [radius + random.below(side - 2 * radius), radius + random.below(side - 2 * radius)];
    const ground = 150 + random.below(90);
    const picture = paint(side, side, (x, y) =>
      shapes[shape]((x - left) / radius, (y - top) / radius) ? colours[colour] : [ground, ground, ground],
    );
    const bytes = await jpeg(picture);
    photos.push({ id: `photo ${String(seed)}-${String(number)}`, colour, shape, bytes });
  }
  return photos;
}

/** A line of pixel data for each photo. */
export function pixelLines(photos: readonly LabelledPhoto[]): string[] {
  return photos.map(({ id, bytes }) => `${id}\t${Buffer.from(bytes).toString('base64')}`);
}

/** A line of label data for each class of each photo. */
export function labelLines(photos: readonly LabelledPhoto[]): string[] {
  return photos.flatMap((photo) =>
    [...colourNames, ...shapeNames].map(
      (name) => `${name}\t${photo.id}\t${name === photo.colour || name === photo.shape ? 'TRUE' : 'FALSE'}`,
    ),
  );
}

/** Writes lines to a file, compressed if it is called so. */
export async function writeLines(file: string, lines: readonly string[]): Promise<string> {
  const text = lines.map((line) => `${line}\n`).join('');
  await writeFile(file, file.endsWith('.gz') ? gzipSync(text) : text);
  return file;
}

/** Writes photos to a folder for each of their shapes. */
export async function writeFolders(folder: string, photos: readonly LabelledPhoto[]): Promise<string> {
  for (const shape of shapeNames) await mkdir(join(folder, shape), { recursive: true });
  await Promise.all(photos.map(({ id, shape, bytes }) => writeFile(join(folder, shape, `${id}.jpg`), bytes)));
  return folder;
}
