import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { decode } from '../../src/vision/decode.ts';
import type { InputShape } from '../../src/vision/extractor.ts';
import { oddPhotoLimits, oddPhotos } from '../support/odd-photos.ts';
import {
  corners,
  encoder,
  file,
  formats,
  jpeg,
  numbered,
  paint,
  plain,
  quadrants,
  translucentPng,
  type Colour,
} from '../support/photos.ts';
import { pngBomb } from '../support/png-bomb.ts';

const square: InputShape = { width: 224, height: 224, crop: 224 / 256 };
const limits = oddPhotoLimits;

function pixelAt(rgb: Uint8Array, x: number, y: number, width = square.width): Colour {
  const at = (y * width + x) * 3;
  return [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
}

function expectColour(found: Colour, expected: Colour, tolerance: number): void {
  const off = found.map((value, channel) => Math.abs(value - expected[channel]!));
  expect(Math.max(...off), `${found.join()} for ${expected.join()}`).toBeLessThanOrEqual(tolerance);
}

function expectQuadrants(rgb: Uint8Array, tolerance: number): void {
  expectColour(pixelAt(rgb, 40, 40), corners.topLeft, tolerance);
  expectColour(pixelAt(rgb, 184, 40), corners.topRight, tolerance);
  expectColour(pixelAt(rgb, 40, 184), corners.bottomLeft, tolerance);
  expectColour(pixelAt(rgb, 184, 184), corners.bottomRight, tolerance);
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await work.then(
    () => 'decoded',
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw new Error(`no fault but ${String(outcome)}`);
}

describe('what people submit', () => {
  test.each(oddPhotos)('$name: $outcome', async ({ make, outcome }) => {
    const bytes = await make();
    if (outcome === 'quadrants' || outcome === 'pixels') {
      const rgb = await decode(bytes, square, limits);
      expect(rgb).toHaveLength(224 * 224 * 3);
      // Ink and palettes come only near.
      if (outcome === 'quadrants') expectQuadrants(rgb, 16);
    } else {
      const fault = await faultOf(decode(bytes, square, limits));
      expect(fault.code).toBe(outcome);
      expect(fault.message).not.toMatch(/\{|\n/);
    }
  });

  test.each(formats)('%s keeps its colours', async (format) => {
    expectQuadrants(await decode(await file(quadrants(), format), square, limits), 4);
  });

  test('photos with fewer colours than sRGB has keep theirs in Display P3, of 8 and of 16 bits', async () => {
    const red = plain([255, 0, 0]);
    const narrow = await encoder(red).withIccProfile('p3').png().toBuffer();
    const deep = await encoder(red).toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
    // That these are other numbers in the file is what makes the test one.
    expectColour(pixelAt(await sharp(narrow, { ignoreIcc: true }).raw().toBuffer(), 0, 0), [234, 51, 35], 1);
    expectColour(pixelAt(await decode(narrow, square, limits), 9, 9), [255, 0, 0], 1);
    expectColour(pixelAt(await decode(deep, square, limits), 9, 9), [255, 0, 0], 1);
  });

  test('grey becomes three equal channels', async () => {
    for (const space of ['b-w', 'grey16']) {
      const grey = await encoder(plain([90, 90, 90]))
        .toColourspace(space)
        .png()
        .toBuffer();
      expectColour(pixelAt(await decode(grey, square, limits), 112, 112), [90, 90, 90], 1);
    }
  });

  test('transparent parts are white', async () => {
    const hidden = await translucentPng(plain([200, 60, 30]), 0);
    const half = await translucentPng(plain([200, 60, 30]), 0.5);
    expect(pixelAt(await decode(hidden, square, limits), 112, 112)).toEqual([255, 255, 255]);
    expectColour(pixelAt(await decode(half, square, limits), 112, 112), [227, 157, 142], 2);
  });
});

describe('geometry', () => {
  /** Red rises with x and green with y, so that a pixel's colour tells where it was. */
  const ramp = (width: number, height: number): ReturnType<typeof paint> =>
    paint(width, height, (x, y) => [(x / width) * 255, (y / height) * 255, 128]);

  test.each([
    [500, 375],
    [375, 500],
    [256, 256],
    [224, 224],
    [64, 64],
    [1024, 300],
    [2600, 1733],
    [4000, 3000],
  ])('of %i × %i, the centre square of 224/256 of the short side', async (width, height) => {
    for (const format of width < 1000 ? (['png', 'jpeg', 'webp'] as const) : (['jpeg'] as const)) {
      const rgb = await decode(await file(ramp(width, height), format), square, limits);
      const kept = Math.min(width, height) * square.crop;
      for (const [x, y] of [
        [20, 20],
        [112, 112],
        [200, 30],
        [30, 200],
      ] as const) {
        const [red, green] = pixelAt(rgb, x, y);
        const expectedX = ((width - kept) / 2 + ((x + 0.5) * kept) / 224) / width;
        const expectedY = ((height - kept) / 2 + ((y + 0.5) * kept) / 224) / height;
        // A pixel of the original or of the result, whichever is larger.
        const tolerance = 255 * Math.max(1 / Math.min(width, height), 1 / 224) + 2.5;
        expect(Math.abs(red - expectedX * 255), `red ${format} ${String(x)}`).toBeLessThanOrEqual(tolerance);
        expect(Math.abs(green - expectedY * 255), `green ${format} ${String(y)}`).toBeLessThanOrEqual(
          tolerance,
        );
      }
    }
  });

  test('an extractor chooses the shape', async () => {
    const wide: InputShape = { width: 192, height: 96, crop: 1 };
    const rgb = await decode(await jpeg(quadrants(400, 200)), wide, limits);
    expect(rgb).toHaveLength(192 * 96 * 3);
    expectColour(pixelAt(rgb, 4, 4, 192), corners.topLeft, 4);
    expectColour(pixelAt(rgb, 187, 91, 192), corners.bottomRight, 4);
  });

  test('the pixels can be transferred: nothing else is in their buffer', async () => {
    const rgb = await decode(await numbered(1), square, limits);
    expect(rgb.byteOffset).toBe(0);
    expect(rgb.buffer.byteLength).toBe(rgb.length);
    expect(structuredClone(rgb, { transfer: [rgb.buffer as ArrayBuffer] })).toHaveLength(224 * 224 * 3);
    expect(rgb).toHaveLength(0);
  });

  test('a view into a larger buffer is read within its bounds', async () => {
    const bytes = await jpeg(quadrants());
    const around = new Uint8Array(bytes.length + 200).fill(0xff);
    around.set(bytes, 100);
    expectQuadrants(await decode(around.subarray(100, 100 + bytes.length), square, limits), 4);
  });
});

describe('limits', () => {
  test('bytes are counted before anything is read', async () => {
    const bytes = await jpeg(quadrants());
    await expect(decode(bytes, square, { ...limits, maxBytes: bytes.length })).resolves.toBeDefined();
    const fault = await faultOf(decode(bytes, square, { ...limits, maxBytes: bytes.length - 1 }));
    expect(fault.details).toEqual({ bytes: bytes.length, limit: bytes.length - 1 });
  });

  test.each(formats)('the pixels that a %s declares are counted, and told', async (format) => {
    const bytes = await file(quadrants(320, 240), format);
    await expect(decode(bytes, square, { ...limits, maxPixels: 320 * 240 })).resolves.toBeDefined();
    const fault = await faultOf(decode(bytes, square, { ...limits, maxPixels: 320 * 240 - 1 }));
    expect(fault.code).toBe('PHOTO_TOO_MANY_PIXELS');
    expect(fault.details).toEqual({ pixels: 320 * 240, limit: 320 * 240 - 1 });
  });

  test('a bomb under the limit is only a black photo', async () => {
    expect(pixelAt(await decode(pngBomb(2000, 1000), square, limits), 0, 0)).toEqual([0, 0, 0]);
  });

  test('a decode that takes too long is a fault that is tried again, and leaves nothing behind', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const fault = await faultOf(decode(pngBomb(9000, 9000), square, { ...limits, timeoutMs: 1 }));
    expect(fault).toMatchObject({ code: 'DECODE_TIMEOUT', disposition: 'retry', details: { timeoutMs: 1 } });
    while (sharp.counters().process + sharp.counters().queue > 0) await sleep(5);
    await sleep(5);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
    expectQuadrants(await decode(await jpeg(quadrants()), square, limits), 4);
  });
});

describe('formats', () => {
  test.each([
    ['ftypheic', 'a HEIC photo'],
    ['ftypisom', 'a video'],
  ])('a file of brand %s is called %s', async (brand, name) => {
    const bytes = Buffer.from(`\0\0\0\x10${brand}\0\0\0\0`, 'latin1');
    expect((await faultOf(decode(bytes, square, limits))).details).toEqual({ found: name });
  });

  test.each([
    ['BM\x46\0\0\0\0\0\0\0', 'a BMP picture'],
    ['8BPS\0\x01', 'a Photoshop document'],
    ['\xff\x0a\xfa', 'a JPEG XL photo'],
    ['PK\x03\x04', 'a ZIP archive'],
    ['\x1f\x8b\x08', 'a gzip file'],
    ['\n<!DOCTYPE html><html>', 'an HTML page'],
    ['hello', 'text'],
    ['\0\x01\x02', 'unknown data that begins with 000102'],
  ])('%j is called %s', async (head, name) => {
    const fault = await faultOf(decode(Buffer.from(head, 'latin1'), square, limits));
    expect(fault.details).toEqual({ found: name });
  });

  test('other loaders stay shut even if the bytes got that far', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    for (const other of [svg, Buffer.from('P6 1 1 255 abc'), Buffer.from('1,2\n3,4\n')])
      await expect(sharp(other).metadata()).rejects.toThrow();
  });
});

test('a thread that begins to decode shuts no loader of photos, not even for a moment', async () => {
  // What it says to libvips holds for the whole process, and would have photos of other threads be called damaged.
  const block = vi.spyOn(sharp, 'block');
  vi.resetModules();
  await import('../../src/vision/decode.ts');
  const shut = block.mock.calls.flatMap(([{ operation }]) => operation);
  expect(shut).toContain('VipsForeignLoadSvg');
  expect(shut).not.toContain('VipsForeignLoad');
  for (const format of ['Jpeg', 'Uhdr', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'])
    expect(shut).not.toContain(`VipsForeignLoad${format}`);
  block.mockRestore();
});

test('decoding keeps nothing of the photos before', async () => {
  const bytes = await numbered(1);
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) await decode(bytes, square, limits);
  };
  await rounds(200);
  const before = process.memoryUsage.rss();
  await rounds(1_000);
  const pixels = square.width * square.height * 3;
  // Kept pixels would be 1,000 times that.
  expect(process.memoryUsage.rss() - before).toBeLessThan(400 * pixels);
}, 120_000);
