import sharp, { type Sharp } from 'sharp';
import { withPhoto, type DecodeLimits } from './decode.ts';
import type { WholePhoto } from './whole-photo.ts';

// Of libvips' levels the quickest: the next ones save a tenth of the bytes each, for as much time again.
const webp = { quality: 75, effort: 0 };

/**
 * A small picture of a photo: WebP, upright, in sRGB, on white, with nothing else in it: no EXIF, no place, no profile. Smaller photos are
 * not enlarged.
 *
 * @param bytes - the file
 * @param sidePixels - of the longest side
 * @throws Fault as `decode` does
 */
export async function thumbnailOfFile(
  bytes: Uint8Array,
  sidePixels: number,
  limits: DecodeLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  return withPhoto(bytes, limits, (open) => encode(open(), sidePixels));
}

/** The same of a photo that is decoded already, at least as large. */
export async function thumbnailOfWhole(
  { width, height, rgb }: WholePhoto,
  sidePixels: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return encode(sharp(rgb, { raw: { width, height, channels: 3 } }), sidePixels);
}

async function encode(picture: Sharp, sidePixels: number): Promise<Uint8Array<ArrayBuffer>> {
  picture.resize({ width: sidePixels, height: sidePixels, fit: 'inside', withoutEnlargement: true });
  // Copied, since a Buffer cannot be transferred.
  return new Uint8Array(await picture.webp(webp).toBuffer());
}
