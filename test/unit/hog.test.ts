import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { HogExtractor, hogIdentity } from '../../src/vision/hog.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { hogParts, hogReference } from '../support/hog-reference.ts';
import { paint, plain, type Colour } from '../support/photos.ts';
import { seeded } from '../support/random.ts';

const side = 128;
const channels = 31;
const bins = 57;
const greysAt = 48;
const coloursAt = 3 * 16 * channels;

let hog: HogExtractor;
beforeAll(async () => {
  hog = new HogExtractor(Kernel.instantiate(await Kernel.compile()));
});

const painted = (colour: (x: number, y: number) => Colour): Uint8Array => paint(side, side, colour).rgb;
/** Features of a photo before they are centred and scaled, 0 to 1. */
const partsOf = (rgb: Uint8Array): Float32Array => hogParts(hog.describe(rgb));
const cells = Array.from({ length: 16 }, (_, cell) => cell);
/** Gradients of a cell, counted row by row; of the photo halved `size` times. */
const gradientsOf = (features: Float32Array, size: number, cell: number): Float32Array =>
  features.subarray((size * 16 + cell) * channels, (size * 16 + cell + 1) * channels);
const coloursOf = (features: Float32Array, cell: number): Float32Array =>
  features.subarray(coloursAt + cell * bins, coloursAt + (cell + 1) * bins);
const indexOfLargest = (values: Float32Array): number => values.indexOf(Math.max(...values));

/** Blobs of colour with noise: every hue, brightness and orientation. */
function noisy(seed: number): Uint8Array {
  const { fraction } = seeded(seed);
  const [a, b, c] = [fraction() * 9, fraction() * 9, fraction() * 9];
  const wave = (at: number): number => 110 + 100 * Math.sin(at) + 40 * fraction();
  return painted((x, y) => [wave(a + x / 9), wave(b + y / 11), wave(c + (x + y) / 17)]);
}

function mirrored(rgb: Uint8Array): Uint8Array {
  return painted((x, y) => {
    const at = (y * side + side - 1 - x) * 3;
    return [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
  });
}

describe('features of hog', () => {
  test.each([1, 2, 3])('are those of the definition (photo %i)', (seed) => {
    const rgb = noisy(seed);
    const expected = hogReference(rgb);
    const features = hog.describe(rgb);
    expect(features).toHaveLength(hogIdentity.dims);
    expect(expected).toHaveLength(hogIdentity.dims);
    const worst = expected.reduce((worst, value, at) => Math.max(worst, Math.abs(value - features[at]!)), 0);
    expect(worst).toBeLessThan(2e-3);
  });

  test('are centred and scaled, each of the five kinds by its own mean and deviation', () => {
    const features = hog.describe(plain([0, 0, 0], side, side).rgb);
    const kinds = (values: Float32Array, ends: readonly number[]): number[][] =>
      ends.map((end, kind) => [...new Set(values.subarray(ends[kind - 1] ?? 0, end))]);
    const [signed, unsigned, texture] = kinds(gradientsOf(features, 0, 0), [18, 27, 31]);
    expect(signed).toEqual([expect.closeTo(-0.132 / 0.093, 5)]);
    expect(unsigned).toEqual([expect.closeTo(-0.243 / 0.115, 5)]);
    expect(texture).toEqual([expect.closeTo(-0.28 / 0.082, 5)]);
    const [hues, black, greys] = kinds(coloursOf(features, 0), [greysAt, greysAt + 1, bins]);
    expect(hues).toEqual([expect.closeTo(-0.029 / 0.062, 5)]);
    expect(black).toEqual([expect.closeTo((1 - 0.228) / 0.184, 5)]);
    expect(greys).toEqual([expect.closeTo(-0.228 / 0.184, 5)]);
  });

  test('are the same bits again and everywhere', () => {
    const first = hog.describe(noisy(1));
    hog.describe(noisy(2));
    const again = hog.describe(noisy(1));
    expect(again).toEqual(first);
    expect(createHash('sha256').update(again).digest('hex')).toBe(
      '2e486007703b46449d974e5d3287c49ccb99658b5902aadd5c602f262f2a435a',
    );
  });

  test.each([
    ['black', [0, 0, 0]],
    ['white', [255, 255, 255]],
    ['grey', [77, 77, 77]],
    ['red', [255, 0, 0]],
    ['nearly black', [0, 0, 1]],
  ] as const)('of a plain %s photo have no gradients, and one colour', (_, colour) => {
    const features = partsOf(plain(colour, side, side).rgb);
    expect(features.subarray(0, coloursAt).every((value) => Math.abs(value) < 1e-6)).toBe(true);
    for (const cell of cells) {
      const colours = coloursOf(features, cell);
      expect(colours.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
      colours.forEach((value, at) => {
        expect(value).toBeCloseTo(coloursOf(features, 0)[at]!, 5);
      });
    }
  });

  test('of noise, of extremes and of stripes are from parts between 0 and 1', () => {
    const { fraction } = seeded(4);
    const extreme = (): number => (fraction() < 0.5 ? 0 : 255);
    const photos = [
      noisy(5),
      painted(() => [extreme(), extreme(), extreme()]),
      painted((x) => (x % 2 === 0 ? [0, 0, 0] : [255, 255, 255])),
      painted((x, y) => (((x >> 1) + (y >> 1)) % 2 === 0 ? [0, 255, 0] : [255, 0, 255])),
    ];
    for (const photo of photos)
      expect(partsOf(photo).every((value) => value >= -1e-6 && value <= 1 + 1e-6)).toBe(true);
  });

  test.each([
    ['right', 0, (x: number, _y: number) => x],
    ['down', 4.5, (_x: number, y: number) => y],
    ['left', 9, (x: number, _y: number) => side - x],
    ['up', 13.5, (_x: number, y: number) => side - y],
    ['right and down', 2.25, (x: number, y: number) => (x + y) / 2],
  ])('of a photo that gets brighter to the %s point there', (_, orientation, level) => {
    const features = partsOf(painted((x, y) => [level(x, y), level(x, y), level(x, y)]));
    const near = [Math.floor(orientation), Math.ceil(orientation)].map((at) => at % 18);
    for (const size of [0, 1, 2]) {
      const cell = gradientsOf(features, size, 5);
      const signed = cell.subarray(0, 18);
      expect(near).toContain(indexOfLargest(signed));
      signed.forEach((value, at) => {
        if (!near.includes(at)) expect(value).toBeLessThan(1e-3);
      });
      expect(near.map((at) => at % 9)).toContain(indexOfLargest(cell.subarray(18, 27)));
    }
  });

  test('of a small thing are in its cell', () => {
    const features = partsOf(
      painted((x, y) => (x >= 76 && x < 84 && y >= 44 && y < 52 ? [250, 20, 20] : [20, 20, 20])),
    );
    for (const size of [0, 1, 2]) {
      const edges = cells.map((cell) =>
        gradientsOf(features, size, cell)
          .subarray(0, 18)
          .reduce((sum, value) => sum + value, 0),
      );
      expect(edges.indexOf(Math.max(...edges))).toBe(1 * 4 + 2);
    }
    const brightRed = cells.map((cell) => coloursOf(features, cell)[3 * 12]);
    expect(brightRed[1 * 4 + 2]).toBeGreaterThan(0.1);
    expect(brightRed[3 * 4]).toBeCloseTo(0, 6);
  });

  test.each([
    ['red', [255, 0, 0], 36],
    ['orange', [255, 128, 0], 37],
    ['yellow', [255, 255, 0], 38],
    ['green', [0, 255, 0], 40],
    ['blue', [0, 0, 255], 44],
    ['purple', [255, 0, 128], 47],
    ['dark blue', [0, 0, 32], 8],
    ['black', [0, 0, 0], greysAt],
    ['grey', [128, 128, 128], greysAt + 4],
    ['white', [255, 255, 255], greysAt + 8],
  ] as const)('of %s are in its bin', (_, colour, bin) => {
    const features = partsOf(plain(colour, side, side).rgb);
    const from = bin < greysAt ? 0 : greysAt;
    expect(from + indexOfLargest(coloursOf(features, 5).subarray(from, from + greysAt))).toBe(bin);
  });

  test('of the mirrored photo are mirrored', () => {
    const rgb = noisy(6);
    const [features, turned] = [partsOf(rgb), partsOf(mirrored(rgb))];
    const closeTo = (found: number, expected: number): void => {
      expect(Math.abs(found - expected)).toBeLessThan(1e-4);
    };
    for (const cell of cells) {
      const opposite = cell ^ 3;
      for (const size of [0, 1, 2]) {
        const [here, there] = [gradientsOf(features, size, cell), gradientsOf(turned, size, opposite)];
        for (let at = 0; at < 18; at++) closeTo(there[(27 - at) % 18]!, here[at]!);
        for (let at = 0; at < 9; at++) closeTo(there[18 + ((9 - at) % 9)]!, here[18 + at]!);
        for (let block = 0; block < 4; block++) closeTo(there[27 + (block ^ 1)]!, here[27 + block]!);
      }
      coloursOf(features, cell).forEach((value, at) => {
        closeTo(coloursOf(turned, opposite)[at]!, value);
      });
    }
  });

  test('of a photo of another size are refused', () => {
    expect(() => hog.describe(new Uint8Array(3))).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }) as Error,
    );
  });
});
