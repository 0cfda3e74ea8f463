import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { decode } from '../../src/vision/decode.ts';
import { decodePhoto } from '../../src/vision/decoded-photo.ts';
import type { Extractor, InputShape } from '../../src/vision/extractor.ts';
import { thumbnailOfFile } from '../../src/vision/thumbnail.ts';
import { oddPhotoLimits as limits, oddPhotos } from '../support/odd-photos.ts';
import { corners, encoder, jpeg, paint, quadrants, type Colour } from '../support/photos.ts';

const trunk: InputShape = { width: 224, height: 224, crop: 224 / 256 };
const small: InputShape = { width: 128, height: 128, crop: 1 };

/** Extractors that nobody asks for features. */
function extractors(...inputs: readonly InputShape[]): Extractor[] {
  return inputs.map((input, index) => ({
    ...{ input, id: `e${String(index)}`, version: 1, dims: 1, parametersHash: '' },
    describe: () => new Float32Array(1),
  }));
}

async function colourAt(webp: Uint8Array, x: number, y: number): Promise<Colour> {
  const { data, info } = await sharp(webp).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.round(y * (info.height - 1)) * info.width + Math.round(x * (info.width - 1))) * 3;
  return [data[at]!, data[at + 1]!, data[at + 2]!];
}

async function expectQuadrants(webp: Uint8Array): Promise<void> {
  const places = {
    topLeft: [0.2, 0.2],
    topRight: [0.8, 0.2],
    bottomLeft: [0.2, 0.8],
    bottomRight: [0.8, 0.8],
  };
  for (const [name, [x, y]] of Object.entries(places)) {
    const found = await colourAt(webp, x!, y!);
    const off = found.map((value, channel) =>
      Math.abs(value - corners[name as keyof typeof corners][channel]!),
    );
    expect(Math.max(...off), `${name} is ${found.join()}`).toBeLessThanOrEqual(16);
  }
}

async function made(bytes: Uint8Array, sidePixels = 320): Promise<Uint8Array> {
  const { thumbnail } = await decodePhoto(extractors(trunk), bytes, sidePixels, limits);
  const webp = await thumbnail;
  if (webp instanceof Uint8Array) return webp;
  throw webp ?? new Error('no thumbnail was wanted');
}

describe('a thumbnail', () => {
  test.each([
    ['of a landscape', 640, 480, 320, 240],
    ['of a portrait', 480, 640, 240, 320],
    ['of a square', 600, 600, 320, 320],
    ['of a panorama', 4000, 300, 320, 24],
    ['of a photo that is smaller', 120, 90, 120, 90],
  ])('%s has its shape', async (_, width, height, expectedWidth, expectedHeight) => {
    const webp = await made(await jpeg(quadrants(width, height)));
    expect(await sharp(webp).metadata()).toMatchObject({
      format: 'webp',
      width: expectedWidth,
      height: expectedHeight,
    });
    await expectQuadrants(webp);
  });

  test('is as large as was wanted, and of a file as of what was decoded', async () => {
    const photo = await jpeg(quadrants(1200, 800));
    for (const side of [64, 256, 512]) {
      const [whole, file] = [await made(photo, side), await thumbnailOfFile(photo, side, limits)];
      for (const webp of [whole, file]) {
        expect((await sharp(webp).metadata()).width).toBe(side);
        await expectQuadrants(webp);
      }
    }
  });

  test('is alone in its buffer, so that it can be moved', async () => {
    const webp = await made(await jpeg(quadrants()));
    expect(webp.buffer.byteLength).toBe(webp.byteLength);
  });

  test('is none where none is wanted', async () => {
    const { thumbnail } = await decodePhoto(extractors(trunk), await jpeg(quadrants()), 0, limits);
    expect(thumbnail).toBeUndefined();
  });
});

describe('a thumbnail tells nothing but the picture', () => {
  const place = {
    IFD0: { Artist: 'Ada', Orientation: '6' },
    IFD3: { GPSLatitude: '51/1 30/1 0/1', GPSLatitudeRef: 'N' },
  };
  let photo: Uint8Array;

  beforeAll(async () => {
    photo = await encoder(quadrants(640, 480)).withExif(place).withIccProfile('p3').jpeg().toBuffer();
    expect((await sharp(photo).metadata()).exif?.includes('Ada')).toBe(true);
  });

  test.each([64, 320, 512])('at %d pixels: no EXIF, no place, no profile', async (side) => {
    const webp = await made(photo, side);
    const { exif, xmp, iptc, icc, orientation } = await sharp(webp).metadata();
    expect({ exif, xmp, iptc, icc, orientation }).toEqual({});
    expect(Buffer.from(webp).includes('Ada')).toBe(false);
    for (const chunk of ['EXIF', 'XMP ', 'ICCP']) expect(Buffer.from(webp).includes(chunk)).toBe(false);
  });

  test.each([1, 3, 6, 8])('orientation %d is applied', async (orientation) => {
    const upright = quadrants(640, 480);
    const back = { 1: 0, 3: 180, 6: 270, 8: 90 }[orientation]!;
    const turned = await encoder(upright).rotate(back).png().toBuffer();
    const file = await sharp(turned).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    for (const side of [320, 512]) {
      const webp = await made(file, side);
      expect(await sharp(webp).metadata()).toMatchObject({ width: side, height: side * 0.75 });
      await expectQuadrants(webp);
    }
  });

  test('colours of other profiles are in sRGB', async () => {
    const red = {
      width: 640,
      height: 480,
      rgb: new Uint8Array(640 * 480 * 3).map((_, i) => (i % 3 ? 0 : 255)),
    };
    for (const space of ['srgb', 'rgb16']) {
      const file = await encoder(red).toColourspace(space).withIccProfile('p3').png().toBuffer();
      for (const side of [320, 512]) {
        const [r, g, b] = await colourAt(await made(file, side), 0.5, 0.5);
        expect(r).toBeGreaterThan(250);
        expect(Math.max(g, b)).toBeLessThan(6);
      }
    }
  });
});

describe('a thumbnail costs a photo nothing', () => {
  test.each(oddPhotos)('$name: pixels and faults are as without one', async ({ make }) => {
    const bytes = await make();
    const read = async (sidePixels: number): Promise<unknown> => {
      try {
        const { pixels } = await decodePhoto(extractors(trunk, small), bytes, sidePixels, limits);
        return [...pixels.values()].map((rgb) => Buffer.from(rgb).toString('base64'));
      } catch (error) {
        return Fault.from(error).code;
      }
    };
    expect(await read(320)).toEqual(await read(0));
  });

  test('that lacks only rows that no extractor reads: it has pixels, and a reason', async () => {
    const whole = await jpeg(paint(640, 960, (x, y) => [(x * 37) % 256, (y * 91) % 256, (x * y) % 256]));
    let found = 0;
    for (const share of [0.85, 0.9, 0.95, 0.98]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      const expected = await decode(cut, trunk, limits).catch(() => undefined);
      if (expected === undefined) continue;
      const { pixels, thumbnail } = await decodePhoto(extractors(trunk), cut, 320, limits);
      expect([...pixels.values()]).toEqual([expected]);
      expect(await thumbnail).toMatchObject({ code: 'PHOTO_DAMAGED' });
      found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });
});
