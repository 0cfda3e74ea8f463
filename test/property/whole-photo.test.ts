import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decode } from '../../src/vision/decode.ts';
import { centreOf, decodeWhole } from '../../src/vision/whole-photo.ts';
import { encoder, paint } from '../support/photos.ts';

const limits = { maxBytes: 10_000_000, maxPixels: 4_000_000, timeoutMs: 20_000 };

const photos = fc.record({
  width: fc.integer({ min: 60, max: 700 }),
  height: fc.integer({ min: 60, max: 700 }),
  orientation: fc.integer({ min: 1, max: 8 }),
  format: fc.constantFrom('jpeg', 'png', 'webp'),
  gray: fc.boolean(),
});
const shapes = fc.constantFrom(
  { width: 224, height: 224, crop: 224 / 256 },
  { width: 128, height: 128, crop: 1 },
  { width: 33, height: 48, crop: 0.9 },
);

test('the centre of the whole is what is decoded without it, bit for bit', async () => {
  let wholes = 0;
  await fc.assert(
    fc.asyncProperty(photos, shapes, async ({ width, height, orientation, format, gray }, shape) => {
      const picture = paint(width, height, (x, y) => [(x * 7 + y) % 256, (y * 5) % 256, (x * y) % 256]);
      const file = await sharp(await encoder(picture).grayscale(gray).png().toBuffer())
        .withMetadata({ orientation })
        .toFormat(format)
        .toBuffer();
      const whole = await decodeWhole(file, shape, 1, limits);
      if (whole === undefined) return;
      wholes += 1;
      expect(Buffer.from(centreOf(whole, shape)).equals(await decode(file, shape, limits))).toBe(true);
    }),
    { numRuns: 120 },
  );
  expect(wholes).toBeGreaterThan(40);
});
