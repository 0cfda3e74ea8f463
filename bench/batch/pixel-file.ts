import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BenchPhoto } from '../photos/photo-set.ts';

/** Writes pixel data: so many lines, the photos in turns under ids that are each others'. */
export async function writePixels(file: string, photos: readonly BenchPhoto[], count: number): Promise<void> {
  const encoded = photos.map(({ name, bytes }) => `${name}\t${Buffer.from(bytes).toString('base64')}\n`);
  function* lines(): Generator<string> {
    for (let number = 0; number < count; number += 1)
      yield `${String(number)}/${encoded[number % encoded.length] ?? ''}`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
}
