import { Fault } from '../base/errors.ts';

/** A feature vector in 8 bits: `x ≈ offset + scale · value`, off by at most half a `scale`. */
export interface QuantisedFeatures {
  /** The smallest feature, a float32. */
  readonly offset: number;
  /** A step of 1 in `values`, a float32; 0 if all features are equal. */
  readonly scale: number;
  /** `Uint8Array [dims]` */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Rows of features in 8 bits. */
export interface QuantisedRows {
  /** `Uint8Array [rows × dims]`, row-major; may be shared memory, as what follows */
  readonly values: Uint8Array;
  /** `Float32Array [rows × 2]`: offset and scale of each row */
  readonly scales: Float32Array;
}

const levels = 255;

/**
 * Rounds a feature vector to 8 bits over its own range.
 *
 * @param x - `Float32Array [dims]`
 * @throws Fault `FEATURES_NOT_FINITE`
 */
export function quantiseFeatures(x: Float32Array): QuantisedFeatures {
  const { least, most } = rangeOf(x);
  const scale = Math.fround((most - least) / levels);
  // Also false for a range so near the largest float32 that its end would come back as infinite.
  if (!Number.isFinite(Math.fround(least + levels * scale))) throw new Fault('FEATURES_NOT_FINITE');
  // Its elements round to the nearest, and do not wrap.
  const values = new Uint8ClampedArray(x.length);
  if (scale > 0)
    for (let index = 0; index < x.length; index++) values[index] = ((x[index] ?? 0) - least) / scale;
  return { offset: least, scale, values: new Uint8Array(values.buffer) };
}

/** NaN as soon as one value is: comparisons alone would pass it over. */
function rangeOf(x: Float32Array): { least: number; most: number } {
  let least = x[0] ?? 0;
  let most = least;
  let sum = 0;
  for (let index = 0; index < x.length; index++) {
    const value = x[index] ?? 0;
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  }
  return Number.isNaN(sum) ? { least: sum, most: sum } : { least, most };
}

/** A feature vector as the only row of some. */
export function asRows({ offset, scale, values }: QuantisedFeatures): QuantisedRows {
  return { values, scales: Float32Array.of(offset, scale) };
}

/**
 * The feature vectors that 8-bit rows stand for.
 *
 * @param values - `Uint8Array [rows × dims]`, row-major
 * @param scales - `Float32Array [rows × 2]`: offset and scale of each row
 * @param into - `Float32Array [rows × dims]`, row-major; filled
 */
export function dequantiseFeatures(values: Uint8Array, scales: Float32Array, into: Float32Array): void {
  const rows = scales.length / 2;
  const dims = rows === 0 ? 0 : values.length / rows;
  for (let row = 0; row < rows; row++) {
    const offset = scales[2 * row] ?? 0;
    const scale = scales[2 * row + 1] ?? 0;
    for (let index = row * dims; index < (row + 1) * dims; index++)
      into[index] = offset + scale * (values[index] ?? 0);
  }
}
