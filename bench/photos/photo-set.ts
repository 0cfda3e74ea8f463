import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../../src/base/package-root.ts';

/** A photo of a bench: its encoded bytes, read once. */
export interface BenchPhoto {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const width = 500;
const height = 375;
const variantsPerPhoto = 20;
const mostPhotos = 1_000;
const photoEnding = /\.(jpe?g|png|webp)$/i;

const demoFolder = join(packageRoot, '.cache', 'photos');
const variantsFolder = join(packageRoot, '.cache', 'bench-photos');

/** The photos of a folder, at most a thousand; by default the demo's, as {@link demoVariants}. */
export async function loadPhotos(folder?: string): Promise<BenchPhoto[]> {
  const from = folder ?? (await demoVariants());
  const names = (await readdir(from)).filter((name) => photoEnding.test(name)).sort();
  if (names.length === 0) throw new Error(`There are no photos in ${from}.`);
  return Promise.all(
    names.slice(0, mostPhotos).map(async (name) => ({ name, bytes: await readFile(join(from, name)) })),
  );
}

/**
 * A folder of some hundred photos of {@link width} × {@link height}: the demo's photos, each cropped and encoded in ways
 * of its own, so that no two have the same bytes or cost the same to decode. Made once; the same everywhere.
 */
async function demoVariants(): Promise<string> {
  if ((await readdir(variantsFolder).catch(() => [])).length > 0) return variantsFolder;
  const making = `${variantsFolder}.${String(process.pid)}`;
  await mkdir(making, { recursive: true });
  for (const file of (await readdir(demoFolder)).filter((name) => photoEnding.test(name))) {
    for (let variant = 0; variant < variantsPerPhoto; variant += 1)
      await writeFile(
        join(making, `${file}-${String(variant).padStart(2, '0')}.jpg`),
        await encode(file, variant),
      );
  }
  await rm(variantsFolder, { recursive: true, force: true });
  await rename(making, variantsFolder);
  return variantsFolder;
}

/** The crop shrinks from the whole photo to 70 % of it and wanders over it; the quality goes from 80 to 95. */
async function encode(file: string, variant: number): Promise<Uint8Array> {
  const image = sharp(join(demoFolder, file));
  const whole = await image.metadata();
  const share = 1 - (0.3 * variant) / variantsPerPhoto;
  const side = Math.min(whole.width / width, whole.height / height) * share;
  const [cropWidth, cropHeight] = [Math.floor(side * width), Math.floor(side * height)];
  const left = Math.floor(((whole.width - cropWidth) * (variant % 5)) / 4);
  const top = Math.floor(((whole.height - cropHeight) * (variant % 3)) / 2);
  return await image
    .extract({ left, top, width: cropWidth, height: cropHeight })
    .resize(width, height, { fit: 'fill' })
    .toColourspace('srgb')
    .removeAlpha()
    .jpeg({ quality: 80 + (variant % 4) * 5 })
    .toBuffer();
}
