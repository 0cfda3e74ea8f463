import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { readDebianPackage, type DebianPackage } from '../../scripts/prepare/debian-packages.ts';
import { setFiles } from './labelled-set.ts';

/** Fashion-MNIST (Zalando, MIT): grey photos of clothes, 28 × 28, ten classes of which each photo has one. */
const clothes: DebianPackage = {
  name: 'dataset-fashion-mnist',
  version: '0.0~git20200523.55506a9-1',
  hash: '39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0',
};
const inPackage = 'usr/share/datasets/fashion-mnist';
const names = 'T-shirt,trousers,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot'.split(',');
const parts = [
  { part: 'train', prefix: 'train', photos: 8_000 },
  { part: 'test', prefix: 't10k', photos: 2_000 },
] as const;
const side = 28;
/** Heads of the IDX files. */
const imagesHead = 16;
const labelsHead = 8;

/** The photo set that the bench fetches where none is brought: writes it into a folder of `cache`, once, and answers the folder. */
export async function clothesSet(cache: string): Promise<string> {
  const folder = join(cache, 'clothes');
  if (existsSync(folder)) return folder;
  const files = parts.flatMap(({ prefix }) => [
    `${prefix}-images-idx3-ubyte.gz`,
    `${prefix}-labels-idx1-ubyte.gz`,
  ]);
  const contents = await readDebianPackage(
    clothes,
    files.map((file) => `${inPackage}/${file}`),
  );
  const making = `${folder}.${String(process.pid)}`;
  await mkdir(making, { recursive: true });
  for (const [index, { part, photos }] of parts.entries()) {
    const [images, labels] = contents.slice(2 * index, 2 * index + 2).map((content) => gunzipSync(content));
    await writePart(making, part, images!, labels!, photos);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(making, folder);
  return folder;
}

async function writePart(
  folder: string,
  part: 'train' | 'test',
  images: Buffer,
  labels: Buffer,
  photos: number,
): Promise<void> {
  const pixelLines: string[] = [];
  const labelLines: string[] = [];
  for (let index = 0; index < photos; index += 1) {
    const id = `${part}-${String(index)}`;
    const at = imagesHead + index * side * side;
    const jpeg = await encode(images.subarray(at, at + side * side));
    pixelLines.push(`${id}\t${jpeg.toString('base64')}\n`);
    const label = labels[labelsHead + index];
    names.forEach((name, place) => {
      labelLines.push(`${name}\t${id}\t${place === label ? 'TRUE' : 'FALSE'}\n`);
    });
  }
  const files = setFiles(folder, part);
  await writeFile(files.pixels, gzipSync(pixelLines.join('')));
  await writeFile(files.labels, gzipSync(labelLines.join('')));
}

/** Dark on white, as clothes are photographed. */
async function encode(grey: Buffer): Promise<Buffer> {
  const raw = { width: side, height: side, channels: 1 } as const;
  return await sharp(grey, { raw }).negate().toColourspace('srgb').jpeg({ quality: 90 }).toBuffer();
}
