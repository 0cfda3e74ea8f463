/**
 * A feature vector scaled to unit length, so that a classifier sees what a photo shows and not how strongly; one of zeros stays as it is.
 *
 * @param x - `Float32Array [dims]`
 * @returns a fresh `Float32Array [dims]`
 */
export function toUnitLength(x: Float32Array): Float32Array {
  let squares = 0;
  for (const value of x) squares += value * value;
  const length = Math.sqrt(squares);
  return length === 0 ? x.slice() : x.map((value) => value / length);
}

/**
 * The same for 8-bit rows: divides the offset and scale of each by its length, in place.
 *
 * @param values - `Uint8Array [rows × dims]`, row-major
 * @param scales - `Float32Array [rows × 2]`: offset and scale of each row
 */
export function rowsToUnitLength(values: Uint8Array, scales: Float32Array): void {
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
}
