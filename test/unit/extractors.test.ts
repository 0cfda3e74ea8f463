import { beforeAll, describe, expect, test } from 'vitest';
import type { Extractor } from '../../src/vision/extractor.ts';
import { decodeFor, describeAll, extractorIdentities, Extractors } from '../../src/vision/extractors.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { Lite0Reference } from '../support/lite0-reference.ts';
import { numbered } from '../support/photos.ts';

const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000, timeoutMs: 30_000 };

let setup: Lite0Reference['setup'];
let kernel: Kernel;
beforeAll(async () => {
  setup = (await Lite0Reference.load()).setup;
  kernel = Kernel.instantiate(setup.kernel);
});

describe('the extractors of a thread', () => {
  test('are those that the node says it has', () => {
    const extractors = new Extractors(kernel, setup.parameters);
    const identities = extractorIdentities(setup.parameters);
    expect(identities.map(({ id, dims }) => [id, dims])).toEqual([
      ['lite0', 1280],
      ['hog', 2400],
    ]);
    for (const identity of identities) expect(extractors.extractor(identity.id)).toMatchObject(identity);
  });

  test('are loaded once, when they are first asked for', () => {
    const extractors = new Extractors(kernel, { ...setup.parameters, steps: [] });
    const hog = extractors.extractor('hog');
    expect(extractors.extractor('hog')).toBe(hog);
    const damaged = expect.objectContaining({ code: 'WEIGHTS_DAMAGED' }) as Error;
    expect(() => extractors.extractor('lite0')).toThrow(damaged);
    expect(() => {
      extractors.preload();
    }).toThrow(damaged);
  });

  test('are not others', () => {
    const extractors = new Extractors(kernel, setup.parameters);
    for (const id of ['sift', '', '__proto__'])
      expect(() => extractors.extractor(id)).toThrow(
        expect.objectContaining({ code: 'MODEL_EXTRACTOR' }) as Error,
      );
  });
});

describe('a photo for several extractors', () => {
  const extractor = (id: string, side: number): Extractor => ({
    id,
    version: 1,
    dims: 1,
    parametersHash: '',
    input: { width: side, height: side, crop: 1 },
    describe: (rgb) => Float32Array.of(rgb.length),
  });

  test('is decoded once for each shape', async () => {
    const extractors = [extractor('a', 8), extractor('b', 16), extractor('c', 8)];
    const pixels = await decodeFor(extractors, await numbered(1), limits);
    expect([...pixels.keys()]).toEqual(extractors);
    const [a, b, c] = pixels.values();
    expect(a).toBe(c);
    expect(b).not.toBe(a);
    expect([...describeAll(pixels)]).toEqual([
      ['a', Float32Array.of(8 * 8 * 3)],
      ['b', Float32Array.of(16 * 16 * 3)],
      ['c', Float32Array.of(8 * 8 * 3)],
    ]);
  });

  test('that cannot be decoded fails once, with its fault', async () => {
    const cut = (await numbered(1)).subarray(0, 400);
    const decoded = decodeFor([extractor('a', 8), extractor('b', 16)], cut, limits);
    await expect(decoded).rejects.toMatchObject({ code: 'PHOTO_DAMAGED' });
  });
});
