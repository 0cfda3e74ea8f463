/*
 * HOG + HSV once more, in double precision and one pixel at a time, as their definitions read.
 */

const sides = [128, 64, 32];
const cells = 4;
const orientations = 18;
const hues = 12;
const levels = 4;
const greys = 9;

/** Mean and deviation of each kind of features. */
const spreads = {
  signed: [0.132, 0.093],
  unsigned: [0.243, 0.115],
  texture: [0.28, 0.082],
  hue: [0.029, 0.062],
  grey: [0.228, 0.184],
} as const;

/** Features of a photo `Uint8Array [128 × 128 × 3]`: `[3 × 4 × 4 × 31]`, then `[4 × 4 × 57]`. */
export function hogReference(rgb: Uint8Array): number[] {
  const features: number[] = [];
  let photo = rgb;
  for (const side of sides) {
    if (side !== 128) photo = halved(photo, side);
    features.push(...gradientFeatures(photo, side));
  }
  return [...features, ...colourFeatures(rgb, 128)].map((part, at) => {
    const [mean, deviation] = spreadOf(at);
    return (part - mean) / deviation;
  });
}

/** What features were before they were centred and scaled by kind: parts of histograms and of blocks, 0 to 1. */
export function hogParts(features: Float32Array): Float32Array {
  return features.map((feature, at) => {
    const [mean, deviation] = spreadOf(at);
    return feature * deviation + mean;
  });
}

/** The spread of the feature at an index. */
function spreadOf(at: number): readonly [mean: number, deviation: number] {
  const colours = at - sides.length * cells * cells * 31;
  if (colours >= 0) return colours % 57 < hues * levels ? spreads.hue : spreads.grey;
  const channel = at % 31;
  if (channel < 18) return spreads.signed;
  return channel < 27 ? spreads.unsigned : spreads.texture;
}

/** The photo at `side × side` pixels, from twice that. */
function halved(rgb: Uint8Array, side: number): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => {
    const [x, y, colour] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side), at % 3];
    const of = (dx: number, dy: number): number => rgb[((2 * y + dy) * 2 * side + 2 * x + dx) * 3 + colour]!;
    return Math.floor((of(0, 0) + of(1, 0) + of(0, 1) + of(1, 1)) / 4 + 0.5);
  });
}

function gradientFeatures(rgb: Uint8Array, side: number): number[] {
  const inside = (at: number): number => Math.min(Math.max(at, 0), side - 1);
  const pixel = (x: number, y: number, colour: number): number =>
    rgb[(inside(y) * side + inside(x)) * 3 + colour]!;
  const histograms = cellHistograms(side, (x, y) => {
    let [gx, gy] = [0, 0];
    for (const colour of [0, 1, 2]) {
      const across = pixel(x + 1, y, colour) - pixel(x - 1, y, colour);
      const down = pixel(x, y + 1, colour) - pixel(x, y - 1, colour);
      if (across ** 2 + down ** 2 > gx ** 2 + gy ** 2) [gx, gy] = [across, down];
    }
    const turn = (Math.atan2(gy, gx) / (2 * Math.PI) + 1) % 1;
    return nearestOnCircle(turn * orientations, orientations, Math.hypot(gx, gy));
  });
  const energy = histograms.map((histogram) =>
    firstNine.reduce((sum, at) => sum + (histogram(at) + histogram(at + 9)) ** 2, 0),
  );
  const cell = (at: number): number => Math.min(Math.max(at, 0), cells - 1);
  return histograms.flatMap((histogram, index) => {
    const [row, column] = [Math.floor(index / cells), index % cells];
    const factors = [-1, 1].flatMap((dy) =>
      [-1, 1].map((dx) => {
        const of = (y: number, x: number): number => energy[cell(y) * cells + cell(x)]!;
        const block =
          of(row, column) + of(row + dy, column) + of(row, column + dx) + of(row + dy, column + dx);
        return 1 / (Math.sqrt(block) + 0.5 * (side / cells) ** 2);
      }),
    );
    const clipped = (value: number): number[] => factors.map((factor) => Math.min(value * factor, 0.2));
    const signed = allOrientations.map((at) => clipped(histogram(at)));
    const unsigned = firstNine.map((at) => clipped(histogram(at) + histogram(at + 9)));
    const texture = factors.map((_, block) => total(signed.map((parts) => parts[block]!)) / Math.sqrt(18));
    return [
      ...signed.map((parts) => total(parts) / 2),
      ...unsigned.map((parts) => total(parts) / 2),
      ...texture,
    ];
  });
}

function colourFeatures(rgb: Uint8Array, side: number): number[] {
  const histograms = cellHistograms(side, (x, y) => {
    const at = (y * side + x) * 3;
    const [red, green, blue] = [rgb[at]! / 255, rgb[at + 1]! / 255, rgb[at + 2]! / 255];
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    const saturation = value === 0 ? 0 : chroma / value;
    const coloured = Math.sqrt(saturation * chroma);
    const hue = (hueOf(red, green, blue) / 360) * hues;
    return [
      ...nearestOnLine(value * levels - 0.5, levels, coloured).flatMap(([level, part]) =>
        nearestOnCircle(hue, hues, part).map(([at, weight]): Part => [level * hues + at, weight]),
      ),
      ...nearestOnLine(value * (greys - 1), greys, 1 - coloured).map(([grey, part]): Part => [
        levels * hues + grey,
        part,
      ]),
    ];
  });
  const bins = Array.from({ length: levels * hues + greys }, (_, bin) => bin);
  return histograms.flatMap((histogram) => {
    const sum = total(bins.map(histogram));
    return bins.map((bin) => Math.sqrt(histogram(bin) / sum));
  });
}

/** Degrees. */
function hueOf(red: number, green: number, blue: number): number {
  const value = Math.max(red, green, blue);
  const chroma = value - Math.min(red, green, blue);
  if (chroma === 0) return 0;
  if (value === red) return (60 * ((green - blue) / chroma) + 360) % 360;
  if (value === green) return 60 * ((blue - red) / chroma) + 120;
  return 60 * ((red - green) / chroma) + 240;
}

const allOrientations = Array.from({ length: orientations }, (_, at) => at);
const firstNine = allOrientations.slice(0, 9);

/** A bin, and what it gets. */
type Part = readonly [bin: number, weight: number];

/** A histogram for each cell: what its bins have. */
function cellHistograms(
  side: number,
  partsOf: (x: number, y: number) => readonly Part[],
): ((bin: number) => number)[] {
  const sums = Array.from({ length: cells * cells }, () => new Map<number, number>());
  const near = (pixel: number): Part[] => nearestOnLine(((pixel + 0.5) * cells) / side - 0.5, cells, 1);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (const [bin, weight] of partsOf(x, y))
        for (const [row, down] of near(y))
          for (const [column, across] of near(x)) {
            const histogram = sums[row * cells + column]!;
            histogram.set(bin, (histogram.get(bin) ?? 0) + weight * down * across);
          }
  return sums.map((histogram) => (bin) => histogram.get(bin) ?? 0);
}

function nearestOnLine(position: number, steps: number, weight: number): Part[] {
  const at = Math.min(Math.max(position, 0), steps - 1);
  const lower = Math.min(Math.floor(at), steps - 2);
  return [
    [lower, weight * (lower + 1 - at)],
    [lower + 1, weight * (at - lower)],
  ];
}

function nearestOnCircle(position: number, steps: number, weight: number): Part[] {
  const lower = Math.floor(position);
  return [
    [lower % steps, weight * (lower + 1 - position)],
    [(lower + 1) % steps, weight * (position - lower)],
  ];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
