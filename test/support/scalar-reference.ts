import type { QuantisedRows } from '../../src/vision/quantised-features.ts';
import type { QuantisedWeights } from '../../src/vision/quantised-weights.ts';

/*
 * Every kernel again, one number at a time, in the order that is easiest to read. Integers are exact in both; floats are rounded where the
 * kernel rounds, so that results can be compared bit by bit.
 */

/** A square window with TensorFlow's SAME padding. */
export interface WindowShape {
  readonly rows: number;
  readonly columns: number;
  readonly kernel: number;
  readonly stride: number;
}

/** From sums to activations, per output channel. */
export interface RequantiseConstants {
  readonly bias: Int32Array;
  readonly multiplier: Float32Array;
  readonly low: number;
  readonly high: number;
}

/** Photo `[rows × columns × 3]`, weights `[outputs × kernel × kernel × 3]`, out `[rowsOut × columnsOut × outputs]`. */
export function scalarStem(
  photo: Uint8Array,
  window: WindowShape,
  offset: number,
  weights: Int16Array,
  constants: RequantiseConstants,
): Int16Array {
  const outputs = constants.bias.length;
  const { kernel } = window;
  return slide(window, outputs, constants, (n, pixels) => {
    let sum = 0;
    for (const { pixel, tap } of pixels) {
      for (let colour = 0; colour < 3; colour += 1) {
        const weight = weights[(n * kernel * kernel + tap) * 3 + colour]!;
        sum = (sum + Math.imul(photo[pixel * 3 + colour]! - offset, weight)) | 0;
      }
    }
    return sum;
  });
}

/** Input `[rows × columns × channels]`, weights `[kernel × kernel × channels]`, out `[rowsOut × columnsOut × channels]`. */
export function scalarDepthwise(
  input: Int16Array,
  window: WindowShape,
  weights: Int16Array,
  constants: RequantiseConstants,
): Int16Array {
  const channels = constants.bias.length;
  return slide(window, channels, constants, (c, pixels) =>
    pixels.reduce(
      (sum, { pixel, tap }) =>
        (sum + Math.imul(input[pixel * channels + c]!, weights[tap * channels + c]!)) | 0,
      0,
    ),
  );
}

/** Input `[pixels × inputs]`, weights `[outputs × inputs]`, residual and out `[pixels × outputs]`. */
export function scalarPointwise(
  input: Int16Array,
  inputs: number,
  residual: Int16Array | undefined,
  weights: Int16Array,
  constants: RequantiseConstants,
): Int16Array {
  const outputs = constants.bias.length;
  const out = new Int16Array((input.length / inputs) * outputs);
  return out.map((_, at) => {
    const [pixel, n] = [Math.floor(at / outputs), at % outputs];
    let sum = 0;
    for (let k = 0; k < inputs; k += 1) {
      sum = (sum + Math.imul(input[pixel * inputs + k]!, weights[n * inputs + k]!)) | 0;
    }
    return requantise(sum, n, constants, residual?.[at]);
  });
}

/** Input `[pixels × channels]`, out `[channels]`. */
export function scalarAverage(input: Int16Array, channels: number, scale: number): Float32Array {
  const pixels = input.length / channels;
  const factor = Math.fround(Math.fround(scale) / pixels);
  return Float32Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let pixel = 0; pixel < pixels; pixel += 1) sum += input[pixel * channels + c]!;
    return Math.fround(sum) * factor;
  });
}

/** Margins `[photos × classes]`: exact sums, everything else rounded in the kernel's order. */
export function scalarMargins(
  { values, scales }: QuantisedRows,
  { classes, dims, panels, constants }: QuantisedWeights,
): Float32Array {
  const f = Math.fround;
  return Float32Array.from({ length: (scales.length / 2) * classes }, (_, at) => {
    const [photo, row] = [Math.floor(at / classes), at % classes];
    const [panel, lane] = [Math.floor(row / 8), row % 8];
    let sum = 0;
    for (let k = 0; k < dims; k += 1) {
      const q = panels[(panel * Math.ceil(dims / 2) + (k >> 1)) * 16 + 2 * lane + (k % 2)]!;
      sum += q * values[photo * dims + k]!;
    }
    const [step, total, b] = [0, 1, 2].map((place) => constants[(panel * 3 + place) * 8 + lane]!);
    const [offset, scale] = [scales[2 * photo]!, scales[2 * photo + 1]!];
    return f(f(f(sum) * f(scale * step!)) + f(f(offset * total!) - b!));
  });
}

type Tap = { readonly pixel: number; readonly tap: number };

function slide(
  { rows, columns, kernel, stride }: WindowShape,
  channels: number,
  constants: RequantiseConstants,
  sumOf: (channel: number, pixels: readonly Tap[]) => number,
): Int16Array {
  const out: number[] = [];
  const before = (n: number): number =>
    Math.floor(Math.max((Math.ceil(n / stride) - 1) * stride + kernel - n, 0) / 2);
  for (let y = 0; y < Math.ceil(rows / stride); y += 1) {
    for (let x = 0; x < Math.ceil(columns / stride); x += 1) {
      const pixels: Tap[] = [];
      for (let tap = 0; tap < kernel * kernel; tap += 1) {
        const row = y * stride + Math.floor(tap / kernel) - before(rows);
        const column = x * stride + (tap % kernel) - before(columns);
        const inside = row >= 0 && row < rows && column >= 0 && column < columns;
        if (inside) pixels.push({ pixel: row * columns + column, tap });
      }
      for (let c = 0; c < channels; c += 1) out.push(requantise(sumOf(c, pixels), c, constants));
    }
  }
  return Int16Array.from(out);
}

function requantise(sum: number, n: number, constants: RequantiseConstants, residual = 0): number {
  const { bias, multiplier, low, high } = constants;
  const scaled = Math.fround(Math.fround((bias[n]! + sum) | 0) * multiplier[n]!);
  const value = Math.min(Math.max(Math.fround(scaled + residual), low), high);
  return roundToEven(value);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
