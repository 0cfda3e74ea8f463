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

/** `w · x − b` in the order of summation that the kernel promises: by dimension modulo 8, pairwise, then the rest. */
export function scalarMargin(x: Float32Array, w: Float32Array, b: number): number {
  const f = Math.fround;
  const whole = x.length - (x.length % 8);
  const sums = new Float32Array(8);
  for (let k = 0; k < whole; k += 1) sums[k % 8] = sums[k % 8]! + f(x[k]! * w[k]!);
  const [p, q, r, s] = [0, 1, 2, 3].map((lane) => f(sums[lane]! + sums[lane + 4]!));
  let margin = f(f(p! + q!) + f(r! + s!));
  for (let k = whole; k < x.length; k += 1) margin = f(margin + f(w[k]! * x[k]!));
  return f(margin - b);
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
