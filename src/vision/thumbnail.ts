import sharp from 'sharp';
import type { DecodeLimits } from './decode.ts';

const sidePixels = 128;
const quality = 70;

/**
 * A small picture of a photo, as JPEG, upright; `undefined` of what cannot be decoded.
 *
 * @param bytes - the file
 */
export async function thumbnail(
  bytes: Uint8Array,
  { maxPixels, timeoutMs }: Pick<DecodeLimits, 'maxPixels' | 'timeoutMs'>,
): Promise<Uint8Array | undefined> {
  try {
    return await sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .timeout({ seconds: Math.ceil(timeoutMs / 1000) })
      .autoOrient()
      .resize(sidePixels, sidePixels, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality })
      .toBuffer();
  } catch {
    return undefined;
  }
}
