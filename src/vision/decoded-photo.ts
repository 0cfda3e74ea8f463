import { Fault } from '../base/errors.ts';
import { decode, wholeSize, type DecodeLimits } from './decode.ts';
import type { Extractor, InputShape } from './extractor.ts';
import { decodeFor } from './extractors.ts';
import { thumbnailOfFile, thumbnailOfWhole } from './thumbnail.ts';
import { centreOf, decodeWhole, type WholePhoto } from './whole-photo.ts';

/** A photo as its extractors take it, and its thumbnail on the way, if one is wanted. */
export interface DecodedPhoto {
  /** See {@link decodeFor}. */
  readonly pixels: ReadonlyMap<Extractor, Uint8Array>;
  /** WebP, or why there is none: what cannot be made costs the photo nothing else. Never rejects. */
  readonly thumbnail?: Promise<Uint8Array<ArrayBuffer> | Fault>;
}

/**
 * Decodes a photo for its extractors and begins to make its thumbnail, of what was decoded where that does: in a thread of libuv's, so that
 * this one goes on meanwhile. All of it takes `limits.timeoutMs` at most. The pixels are the bits that {@link decode} gives.
 *
 * @param sidePixels - of the thumbnail's longest side; 0 for none
 * @throws Fault of {@link decode}, where there are no pixels
 */
export async function decodePhoto(
  extractors: readonly Extractor[],
  bytes: Uint8Array,
  sidePixels: number,
  limits: DecodeLimits,
): Promise<DecodedPhoto> {
  if (sidePixels === 0) return { pixels: await decodeFor(extractors, bytes, limits) };
  const end = performance.now() + limits.timeoutMs;
  const left = (): DecodeLimits => ({ ...limits, timeoutMs: Math.max(1, end - performance.now()) });
  const input = largestInput(extractors);
  const whole = input && (await wholeOrNothing(bytes, input, sidePixels, limits));
  const pixels = await decodeFor(extractors, bytes, left(), async (file, shape, within) =>
    whole !== undefined && shape === input ? centreOf(whole, shape) : decode(file, shape, within),
  );
  const making =
    whole === undefined ? thumbnailOfFile(bytes, sidePixels, left()) : thumbnailOfWhole(whole, sidePixels);
  return { pixels, thumbnail: making.catch((error: unknown) => Fault.from(error)) };
}

/** Of two shapes, the one that shows more is worth keeping. */
function largestInput(extractors: readonly Extractor[]): InputShape | undefined {
  return extractors.map(({ input }) => input).sort((a, b) => wholeSize(b).height - wholeSize(a).height)[0];
}

/** A photo that is damaged may be so only where no extractor looks. */
async function wholeOrNothing(
  bytes: Uint8Array,
  input: InputShape,
  sidePixels: number,
  limits: DecodeLimits,
): Promise<WholePhoto | undefined> {
  try {
    return await decodeWhole(bytes, input, sidePixels, limits);
  } catch (error) {
    if (error instanceof Fault && error.code === 'PHOTO_DAMAGED') return undefined;
    throw error;
  }
}
