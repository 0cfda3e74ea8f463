import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { decode } from '../../src/vision/decode.ts';
import { file, formats, paint } from '../support/photos.ts';

const shape = { width: 32, height: 32, crop: 224 / 256 };
const limits = { maxBytes: 100_000, maxPixels: 4_000_000, timeoutMs: 20_000 };
const files = new Map<string, Uint8Array>();

beforeAll(async () => {
  const busy = paint(96, 64, (x, y) => [(x * 37) % 256, (y * 91) % 256, (x * y) % 256]);
  for (const format of formats) files.set(format, await file(busy, format));
});

/** Pixels of the right size or a fault about photos: nothing else may come out, whatever went in. */
async function pixelsOrFault(bytes: Uint8Array): Promise<boolean> {
  try {
    expect(await decode(bytes, shape, limits)).toHaveLength(32 * 32 * 3);
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toMatch(/^PHOTO_/);
    expect(error.message).not.toContain('\n');
    return false;
  }
}

describe('decode answers with pixels or a fault', () => {
  test('for random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4096 }), async (bytes) => {
        await pixelsOrFault(bytes);
      }),
      { numRuns: 300 },
    );
  });

  test.each(formats)('for random bytes behind the first bytes of a %s', async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(64), fc.uint8Array({ maxLength: 2048 }), async (kept, bytes) => {
        await pixelsOrFault(Buffer.concat([files.get(format)!.subarray(0, kept), bytes]));
      }),
      { numRuns: 100 },
    );
  });

  test.each(formats)('for a %s cut anywhere', async (format) => {
    const whole = files.get(format)!;
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        const decoded = await pixelsOrFault(whole.subarray(0, length));
        // Where half is missing there is nothing to tag.
        if (length < whole.length / 2) expect(decoded).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test.each(formats)('for a %s with changed bytes', async (format) => {
    const whole = files.get(format)!;
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, bits] of changes) bytes[at] = bytes[at]! ^ bits;
        await pixelsOrFault(bytes);
      }),
      { numRuns: 150 },
    );
  });

  test.each(formats)('for a %s with bytes taken out or put in', async (format) => {
    const whole = files.get(format)!;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(64),
        fc.uint8Array({ maxLength: 64 }),
        async (at, removed, added) => {
          await pixelsOrFault(Buffer.concat([whole.subarray(0, at), added, whole.subarray(at + removed)]));
        },
      ),
      { numRuns: 100 },
    );
  });
});
