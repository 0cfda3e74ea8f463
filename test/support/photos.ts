import sharp, { type Sharp } from 'sharp';

/** Decoded pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB `[height × width × 3]`, interleaved. */
  readonly rgb: Uint8Array;
}

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** The colours of {@link quadrants}: such as ink can print too. */
export const corners = {
  topLeft: [170, 115, 105],
  topRight: [90, 140, 90],
  bottomLeft: [80, 100, 150],
  bottomRight: [200, 180, 110],
} as const satisfies Record<string, Colour>;

/** A picture by a function of its pixels. */
export function paint(width: number, height: number, colour: (x: number, y: number) => Colour): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(colour(x, y), (y * width + x) * 3);
  return { width, height, rgb };
}

/** Four plain quarters of different colours: shows which way up a picture is, and what became of its colours. */
export function quadrants(width = 320, height = 240): Picture {
  return paint(width, height, (x, y) => {
    const left = x < width / 2;
    if (y < height / 2) return left ? corners.topLeft : corners.topRight;
    return left ? corners.bottomLeft : corners.bottomRight;
  });
}

/** One colour. */
export function plain(colour: Colour, width = 320, height = 240): Picture {
  return paint(width, height, () => colour);
}

/** A picture on its way to a file: choose a format, and `toBuffer()`. */
export function encoder(picture: Picture): Sharp {
  const { width, height, rgb } = picture;
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** A JPEG of best quality, colours not subsampled. */
export function jpeg(picture: Picture): Promise<Uint8Array> {
  return encoder(picture).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** Formats that are read. */
export const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const;

/** A file of any format that is read, as near to the picture as the format allows. */
export function file(picture: Picture, format: (typeof formats)[number]): Promise<Uint8Array> {
  // For PNG and GIF, `quality` would mean fewer colours.
  const options = format === 'png' || format === 'gif' ? {} : { quality: 100, chromaSubsampling: '4:4:4' };
  return encoder(picture).toFormat(format, options).toBuffer();
}

/** A small JPEG, another one for each number: for tests that need many photos and do not look at them. */
export function numbered(number: number): Promise<Uint8Array> {
  const spread = (factor: number): number => (number * factor) % 256;
  return encoder(
    paint(64, 48, (x, y) => [(spread(7) + x * 3) % 256, (spread(31) + y * 5) % 256, number >> 8]),
  )
    .withExif({ IFD0: { ImageDescription: `photo ${String(number)}` } })
    .jpeg()
    .toBuffer();
}

/** The upright pixel that a file of an EXIF orientation stores at column `x`, row `y` (EXIF 2.3, tag 0x0112). */
const storedPixel: Record<number, (x: number, y: number, right: number, bottom: number) => [number, number]> =
  {
    1: (x, y) => [x, y],
    2: (x, y, right) => [right - x, y],
    3: (x, y, right, bottom) => [right - x, bottom - y],
    4: (x, y, _right, bottom) => [x, bottom - y],
    5: (x, y) => [y, x],
    6: (x, y, right) => [right - y, x],
    7: (x, y, right, bottom) => [right - y, bottom - x],
    8: (x, y, _right, bottom) => [y, bottom - x],
  };

/** A JPEG as a camera held in one of eight ways writes it: pixels turned, and an EXIF orientation (1 to 8) that says how. */
export function turnedJpeg(upright: Picture, orientation: number): Promise<Uint8Array> {
  const { width, height, rgb } = upright;
  const pixel = storedPixel[orientation];
  if (pixel === undefined) throw new RangeError(`no EXIF orientation ${String(orientation)}`);
  const [storedWidth, storedHeight] = orientation < 5 ? [width, height] : [height, width];
  const stored = paint(storedWidth, storedHeight, (x, y) => {
    const [fromX, fromY] = pixel(x, y, width - 1, height - 1);
    const at = (fromY * width + fromX) * 3;
    return [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
  });
  return encoder(stored)
    .withMetadata({ orientation })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** An animation, a frame a picture. */
export async function animation(frames: readonly Picture[], format: 'gif' | 'webp'): Promise<Uint8Array> {
  const pages = await Promise.all(frames.map((frame) => encoder(frame).png().toBuffer()));
  const joined = sharp(pages, { join: { animated: true } });
  return (
    format === 'gif' ? joined.gif({ delay: 100 }) : joined.webp({ delay: 100, quality: 100 })
  ).toBuffer();
}

/** A PNG of which every pixel is as opaque as `alpha` (0 to 1) says. */
export async function translucentPng(picture: Picture, alpha: number): Promise<Uint8Array> {
  return encoder(picture).ensureAlpha(alpha).png().toBuffer();
}

/** The picture in a file of any format. */
export async function pictureOf(file: string): Promise<Picture> {
  const { data, info } = await sharp(file)
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}

/** A picture in the forms in which photos come, by name of the form. */
export async function photoForms(picture: Picture): Promise<Map<string, Uint8Array>> {
  const forms = new Map<string, Uint8Array>();
  for (const format of formats) forms.set(format, await file(picture, format));
  for (const orientation of [3, 6, 8])
    forms.set(`turned ${String(orientation)}`, await turnedJpeg(picture, orientation));
  forms.set('cmyk', await encoder(picture).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer());
  forms.set('16 bits', await encoder(picture).toColourspace('rgb16').png().toBuffer());
  forms.set('grey', await encoder(picture).toColourspace('b-w').jpeg().toBuffer());
  forms.set('with alpha', await translucentPng(picture, 1));
  forms.set('animated', await animation([picture, plain([0, 0, 0], picture.width, picture.height)], 'webp'));
  return forms;
}
