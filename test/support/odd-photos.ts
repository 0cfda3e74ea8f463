import type { FaultCode } from '../../src/base/errors.ts';
import { animation, encoder, jpeg, plain, quadrants, translucentPng, turnedJpeg } from './photos.ts';
import { pngBomb } from './png-bomb.ts';

/** Something that people submit and that is not just a JPEG from a phone. */
export interface OddPhoto {
  readonly name: string;
  readonly make: () => Promise<Uint8Array> | Uint8Array;
  /** What becomes of it: pixels like those of {@link quadrants}, any pixels, or a fault. */
  readonly outcome: 'quadrants' | 'pixels' | FaultCode;
}

/** The limits under which the outcomes hold. */
export const oddPhotoLimits = { maxBytes: 4 * 1024 * 1024, maxPixels: 100_000_000, timeoutMs: 30_000 };

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="9" height="9"/></svg>';
const upright = quadrants();

async function cut(bytes: Promise<Uint8Array>, part: number): Promise<Uint8Array> {
  const whole = await bytes;
  return whole.subarray(0, Math.floor(whole.length * part));
}

/** Each with its defined outcome. */
export const oddPhotos: readonly OddPhoto[] = [
  { name: 'no bytes', make: () => new Uint8Array(), outcome: 'PHOTO_EMPTY' },
  { name: 'one byte', make: () => Uint8Array.of(0xff), outcome: 'PHOTO_FORMAT' },
  { name: 'a letter', make: () => Buffer.from('Dear photo service, …\n'), outcome: 'PHOTO_FORMAT' },
  { name: 'random bytes', make: () => noise(100_000), outcome: 'PHOTO_FORMAT' },
  { name: 'an SVG drawing', make: () => Buffer.from(svg), outcome: 'PHOTO_FORMAT' },
  {
    name: 'an SVG drawing after an XML declaration and a comment',
    make: () => Buffer.from(`<?xml version="1.0"?>\n<!-- drawn by hand -->\n${svg}`),
    outcome: 'PHOTO_FORMAT',
  },
  {
    name: 'an SVG drawing behind the first bytes of a JPEG',
    make: () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(svg)]),
    outcome: 'PHOTO_DAMAGED',
  },
  { name: 'a PDF document', make: () => Buffer.from('%PDF-1.4\n1 0 obj\nendobj\n'), outcome: 'PHOTO_FORMAT' },
  {
    name: 'a PDF document behind the first bytes of a JPEG',
    make: () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from('%PDF-1.4\n')]),
    outcome: 'PHOTO_DAMAGED',
  },
  {
    name: 'a HEIC photo',
    make: () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    outcome: 'PHOTO_FORMAT',
  },
  { name: 'more bytes than the limit', make: tooLarge, outcome: 'PHOTO_TOO_LARGE' },
  {
    name: 'a PNG bomb of 200 megapixels',
    make: () => pngBomb(20_000, 10_000),
    outcome: 'PHOTO_TOO_MANY_PIXELS',
  },
  { name: 'a JPEG cut in its header', make: () => cut(jpeg(upright), 0.01), outcome: 'PHOTO_DAMAGED' },
  { name: 'a JPEG cut in the middle', make: () => cut(jpeg(upright), 0.5), outcome: 'PHOTO_DAMAGED' },
  { name: 'a PNG cut in the middle', make: () => cut(png(), 0.5), outcome: 'PHOTO_DAMAGED' },
  {
    name: 'a JPEG with bytes after its end',
    make: async () => Buffer.concat([await jpeg(upright), Buffer.from('trailer of a cheap camera')]),
    outcome: 'quadrants',
  },
  {
    name: 'a progressive JPEG',
    make: () => encoder(upright).jpeg({ progressive: true, quality: 100 }).toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a CMYK JPEG',
    make: () =>
      encoder(upright).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 100 }).toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a Display P3 JPEG',
    make: () => encoder(upright).withIccProfile('p3').jpeg({ quality: 100 }).toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a 16-bit PNG',
    make: () => encoder(upright).toColourspace('rgb16').png().toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a 16-bit PNG in Display P3',
    make: () => encoder(upright).toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
    outcome: 'quadrants',
  },
  { name: 'an opaque PNG with alpha', make: () => translucentPng(upright, 1), outcome: 'quadrants' },
  { name: 'a see-through PNG', make: () => translucentPng(upright, 0.3), outcome: 'pixels' },
  {
    name: 'a PNG with a palette',
    make: () => encoder(upright).png({ palette: true }).toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'an interlaced PNG',
    make: () => encoder(upright).png({ progressive: true }).toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a grey JPEG',
    make: () => encoder(upright).toColourspace('b-w').jpeg().toBuffer(),
    outcome: 'pixels',
  },
  {
    name: 'an animated GIF',
    make: () => animation([upright, plain([0, 0, 0])], 'gif'),
    outcome: 'quadrants',
  },
  {
    name: 'an animated WebP',
    make: () => animation([upright, plain([0, 0, 0])], 'webp'),
    outcome: 'quadrants',
  },
  {
    name: 'a CMYK TIFF',
    make: () => encoder(upright).toColourspace('cmyk').withIccProfile('cmyk').tiff().toBuffer(),
    outcome: 'quadrants',
  },
  {
    name: 'a photo of one pixel',
    make: () =>
      encoder(plain([9, 9, 9], 1, 1))
        .png()
        .toBuffer(),
    outcome: 'pixels',
  },
  {
    name: 'a photo of 1 × 60,000 pixels',
    make: () =>
      encoder(plain([9, 9, 9], 1, 60_000))
        .jpeg()
        .toBuffer(),
    outcome: 'pixels',
  },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation): OddPhoto => ({
    name: `a JPEG of EXIF orientation ${String(orientation)}`,
    make: () => turnedJpeg(upright, orientation),
    outcome: 'quadrants',
  })),
];

function png(): Promise<Uint8Array> {
  return encoder(upright).png({ compressionLevel: 0 }).toBuffer();
}

async function tooLarge(): Promise<Uint8Array> {
  const bytes = new Uint8Array(oddPhotoLimits.maxBytes + 1);
  bytes.set(await jpeg(upright));
  return bytes;
}

/** The same bytes every time, of no format. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) >> 8);
}
