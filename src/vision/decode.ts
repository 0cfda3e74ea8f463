import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { Fault, reasonOf } from '../base/errors.ts';
import type { InputShape } from './extractor.ts';
import { formatOf, type PhotoFormat } from './photo-format.ts';

/** What a photo may cost. */
export interface DecodeLimits {
  /** Size of the file. */
  readonly maxBytes: number;
  /** Width × height that the file's header declares; of an animation, of its first frame. */
  readonly maxPixels: number;
  /** Time until {@link decode} answers, waiting for a free decoder thread included. */
  readonly timeoutMs: number;
}

// For the whole process. Each decode keeps to one thread: photos run side by side, not parts of one photo.
sharp.concurrency(1);
// No photo is decoded twice, so libvips' cache of operations would only hold memory.
sharp.cache(false);
// A second wall behind formatOf: libvips has no other loader to choose. It is the whole process's, and each thread that begins says
// this anew: to block all and let some through again would have the photos of other threads be no photos for a moment.
sharp.block({
  operation: [
    ...['Analyze', 'Csv', 'DcRaw', 'Fits', 'Jp2k', 'Jxl', 'Magick', 'Magick7', 'Mat', 'Matrix', 'Nifti'],
    ...['Openexr', 'Openslide', 'Pdf', 'Ppm', 'Rad', 'Raw', 'Svg', 'Vips'],
  ].map((format) => `VipsForeignLoad${format}`),
});

/** What shows through a transparent photo: the page it was cut out for is nearly always white. */
const background = '#ffffff';

/**
 * Decodes a photo to the pixels that an extractor takes: turned upright (EXIF), in sRGB, on white, the centre square (or the extractor's
 * own shape) of `input.crop` × the short side, scaled by cubic interpolation. Of an animation, its first frame.
 *
 * Size, format and header are checked before anything is decoded. Rows that lie outside the crop are not read: a file that lacks only
 * such rows is decoded as if it were whole.
 *
 * @param bytes - the file; its name does not matter
 * @param input - the shape to produce
 * @returns RGB `Uint8Array [height × width × 3]`, interleaved, alone in an `ArrayBuffer` that can be transferred
 * @throws Fault `PHOTO_EMPTY`, `PHOTO_TOO_LARGE`, `PHOTO_FORMAT`, `PHOTO_TOO_MANY_PIXELS`, `PHOTO_DAMAGED`, `DECODE_TIMEOUT`
 */
export async function decode(
  bytes: Uint8Array,
  input: InputShape,
  limits: DecodeLimits,
): Promise<Uint8Array> {
  return withPhoto(bytes, limits, (open) => pixelsOf(open(), input));
}

/**
 * Does something with a photo whose size and format are in order, within its time. What `open` returns is upright, in sRGB and on white; it
 * is read once.
 *
 * @throws Fault as {@link decode} does
 */
export async function withPhoto<T>(
  bytes: Uint8Array,
  limits: DecodeLimits,
  work: (open: () => Sharp) => Promise<T>,
): Promise<T> {
  if (bytes.length === 0) throw new Fault('PHOTO_EMPTY');
  if (bytes.length > limits.maxBytes)
    throw new Fault('PHOTO_TOO_LARGE', { bytes: bytes.length, limit: limits.maxBytes });
  const format = formatOf(bytes);
  if (!format.readable) throw new Fault('PHOTO_FORMAT', { found: format.name });

  return withinTime(limits.timeoutMs, async () => {
    try {
      const inDisplayP3 = format.deep && (await isDeepWithProfile(bytes, limits));
      return await work(() => opened(bytes, inDisplayP3, limits));
    } catch (error) {
      throw await faultOf(error, bytes, format, limits);
    }
  });
}

/** Cut files and broken streams fail; bytes after the end and odd metadata do not. */
function openOptions(limits: DecodeLimits): SharpOptions {
  return { autoOrient: true, failOn: 'error', limitInputPixels: limits.maxPixels };
}

/** libvips works in Display P3 on photos of 16 bits with a profile, and leaves them there. */
async function isDeepWithProfile(bytes: Uint8Array, limits: DecodeLimits): Promise<boolean> {
  const { space, hasProfile } = await sharp(bytes, openOptions(limits)).metadata();
  return space === 'rgb16' && hasProfile;
}

function opened(bytes: Uint8Array, inDisplayP3: boolean, limits: DecodeLimits): Sharp {
  const photo = sharp(bytes, openOptions(limits))
    .timeout({ seconds: Math.ceil(limits.timeoutMs / 1000) })
    .flatten({ background });
  return inDisplayP3 ? photo.withIccProfile('srgb', { attach: false }) : photo;
}

/** Pixels of a photo's whole of which an extractor takes the centre, at least. */
export function wholeSize({ width, height, crop }: InputShape): { width: number; height: number } {
  return { width: Math.round(width / crop), height: Math.round(height / crop) };
}

/**
 * One pass, so that JPEG and WebP are shrunk while they are decoded: the whole is scaled so that the crop has its final size, and only
 * then cropped. libvips computes only what the crop needs.
 */
async function pixelsOf(photo: Sharp, input: InputShape): Promise<Uint8Array> {
  const { width, height } = input;
  const whole = wholeSize(input);
  photo
    .resize({ ...whole, fit: 'cover', kernel: 'cubic' })
    .extract({ left: (whole.width - width) >> 1, top: (whole.height - height) >> 1, width, height });
  // Copied, since a Buffer cannot be transferred; sharp's own toUint8Array never frees its pixels (0.35.5).
  return new Uint8Array(await photo.raw().toBuffer());
}

/**
 * Answers in time. The decoder's own timeout counts whole seconds and looks only between rows, so the answer has a timer of its own, and
 * the decoder ends soon after.
 */
async function withinTime<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Fault('DECODE_TIMEOUT', { timeoutMs }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    clearTimeout(timer);
  }
}

async function faultOf(
  error: unknown,
  bytes: Uint8Array,
  format: PhotoFormat,
  limits: DecodeLimits,
): Promise<Fault> {
  const message = reasonOf(error);
  if (message.includes('exceeds pixel limit'))
    return new Fault(
      'PHOTO_TOO_MANY_PIXELS',
      { pixels: await countPixels(bytes), limit: limits.maxPixels },
      error,
    );
  if (message.startsWith('timeout:'))
    return new Fault('DECODE_TIMEOUT', { timeoutMs: limits.timeoutMs }, error);
  return new Fault('PHOTO_DAMAGED', { reason: `${format.name}: ${briefly(error)}` }, error);
}

async function countPixels(bytes: Uint8Array): Promise<number> {
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return width * height;
}

const longestReason = 160;

/** libvips stacks up a line for each layer, some of them many times. */
function briefly(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error))
    .replace('Input buffer has corrupt header: ', '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('source: bad seek'));
  return reasonOf([...new Set(lines)].join(', ')).slice(0, longestReason);
}
