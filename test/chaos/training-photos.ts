import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paint, encoder, type Colour } from '../support/photos.ts';
import { seeded } from '../support/random.ts';

/** Files of labelled photos, as `cluster train` takes them. */
export interface LabelledPhotos {
  readonly pixels: string;
  readonly labels: string;
}

/** What photos show; each is a class. */
const shownClasses = [
  ...['red disc', 'blue disc', 'red stripes', 'blue stripes'],
  ...['red checks', 'blue checks', 'red bar', 'blue bar'],
] as const;

const side = 48;

/** The id of photo `number`. */
export function photoName(number: number): string {
  return `shown-${String(number).padStart(4, '0')}`;
}

/** The class of photo `number`. */
function shownBy(number: number): string {
  return shownClasses[number % shownClasses.length] ?? '';
}

/**
 * Writes photos of coloured shapes, as many of each class, and labels of all photos for all classes.
 * @param without - a photo that is in neither file
 */
export async function writeLabelledPhotos(
  folder: string,
  photos: number,
  without?: string,
): Promise<LabelledPhotos> {
  const numbers = Array.from({ length: photos }, (_, number) => number).filter(
    (number) => photoName(number) !== without,
  );
  const pixels: string[] = [];
  for (const number of numbers)
    pixels.push(`${photoName(number)}\t${(await picture(number)).toString('base64')}\n`);
  const labels = numbers.flatMap((number) =>
    shownClasses.map(
      (name) => `${name}\t${photoName(number)}\t${name === shownBy(number) ? 'TRUE' : 'FALSE'}\n`,
    ),
  );
  const files = { pixels: join(folder, 'pixels.tsv'), labels: join(folder, 'labels.tsv') };
  await writeFile(files.pixels, pixels.join(''));
  await writeFile(files.labels, labels.join(''));
  return files;
}

/** A shape somewhere on a ground that is never the same. */
async function picture(number: number): Promise<Buffer> {
  const random = seeded(number + 1);
  const [colour = '', shape = ''] = shownBy(number).split(' ');
  const [centreX, centreY, size] = [16 + random.below(16), 16 + random.below(16), 7 + random.below(6)];
  const inside: Record<string, (x: number, y: number) => boolean> = {
    disc: (x, y) => Math.hypot(x - centreX, y - centreY) < size,
    stripes: (_, y) => Math.floor((y + centreY) / (size / 2)) % 2 === 0,
    checks: (x, y) => (Math.floor((x + centreX) / size) + Math.floor((y + centreY) / size)) % 2 === 0,
    bar: (x) => Math.abs(x - centreX) < size / 2,
  };
  const ink: Colour = colour === 'red' ? [200, 40, 50] : [40, 60, 200];
  const ground = 90 + random.below(80);
  const drawn = paint(side, side, (x, y) => {
    const noise = random.below(30);
    const [r, g, b] = inside[shape]?.(x, y) === true ? ink : [ground, ground, ground];
    return [r + noise, g + noise, b + noise];
  });
  return await encoder(drawn).jpeg({ quality: 90 }).toBuffer();
}
