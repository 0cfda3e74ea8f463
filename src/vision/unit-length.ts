import type { QuantisedRows } from './quantised-features.ts';

/**
 * Feature vectors scaled to unit length, so that a classifier sees what a photo shows and not how strongly; those of zeros stay as they are.
 *
 * @returns the same values, with offsets and scales divided by the length of each
 */
export function toUnitLength({ values, scales: given }: QuantisedRows): QuantisedRows {
  const scales = given.slice();
  const rows = scales.length / 2;
  const dims = rows === 0 ? 0 : values.length / rows;
  for (let row = 0; row < rows; row++) {
    const offset = scales[2 * row] ?? 0;
    const scale = scales[2 * row + 1] ?? 0;
    let sum = 0;
    let squares = 0;
    for (let index = row * dims; index < (row + 1) * dims; index++) {
      const value = values[index] ?? 0;
      sum += value;
      squares += value * value;
    }
    const length = Math.sqrt(dims * offset * offset + 2 * offset * scale * sum + scale * scale * squares);
    if (length === 0) continue;
    scales[2 * row] = offset / length;
    scales[2 * row + 1] = scale / length;
  }
  return { values, scales };
}
