import { withPhoto, wholeSize, type DecodeLimits } from './decode.ts';
import type { InputShape } from './extractor.ts';

/** All of a photo, scaled as an extractor wants its centre. */
export interface WholePhoto {
  readonly width: number;
  readonly height: number;
  /** RGB `[height × width × 3]`, interleaved sRGB, upright, on white. */
  readonly rgb: Uint8Array;
}

/** A panorama has no whole: its memory has a limit whatever its shape. */
const maxAspect = 8;

/**
 * Decodes all of a photo at the scale of which `input` takes the centre, see {@link centreOf}: for what wants to see more of it. It costs
 * as much as decoding the centre alone.
 *
 * @param longSide - how many pixels the long side must have, at least
 * @returns `undefined` where it would not do: of a photo that had to be enlarged for it, is too nearly square, or a panorama
 * @throws Fault as `decode` does, also where only rows outside the centre are damaged
 */
export async function decodeWhole(
  bytes: Uint8Array,
  input: InputShape,
  longSide: number,
  limits: DecodeLimits,
): Promise<WholePhoto | undefined> {
  return withPhoto(bytes, limits, async (open) => {
    const { autoOrient: photo, orientation = 1 } = await open().metadata();
    const least = wholeSize(input);
    const scale = Math.max(least.width / photo.width, least.height / photo.height);
    const [short, long] = [photo.width, photo.height].sort((a, b) => a - b) as [number, number];
    if (scale > 1 || long * scale < longSide || long / short > maxAspect) return undefined;
    const upright = open();
    // A crop has sharp turn a photo before it scales it, which gives other bits: so does this one, of nothing.
    if (orientation > 1) upright.extract({ left: 0, top: 0, ...photo });
    const { data: rgb, info } = await upright
      .resize({ ...least, fit: 'outside', kernel: 'cubic' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb };
  });
}

/** The pixels that `decode` gives, cut out of the whole of the same shape: the same bits. */
export function centreOf({ width, height, rgb }: WholePhoto, input: InputShape): Uint8Array {
  const least = wholeSize(input);
  // Twice halved, as sharp does: to the extractor's frame, rounded up, then to its crop.
  const left = ((width - least.width + 1) >> 1) + ((least.width - input.width) >> 1);
  const top = ((height - least.height + 1) >> 1) + ((least.height - input.height) >> 1);
  const row = input.width * 3;
  const pixels = new Uint8Array(input.height * row);
  for (let y = 0; y < input.height; y += 1) {
    const start = ((top + y) * width + left) * 3;
    pixels.set(rgb.subarray(start, start + row), y * row);
  }
  return pixels;
}
