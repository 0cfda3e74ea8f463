import type { ClassifierBlock } from '../../src/vision/linear-projection.ts';
import type { LearnerStep } from '../../src/vision/linear-learner.ts';

const { fround } = Math;

/** `Σₖ a(k) · b(k)` in f32, by rising k. */
function sum(count: number, a: (k: number) => number, b: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total = fround(total + fround(a(k) * b(k)));
  return total;
}

/** The lower triangle of Σxxᵀ, summed in f32 over 256 rows, then in f64. */
export function scalarProducts(x: Float32Array, dims: number): Float64Array {
  const products = new Float64Array((dims * (dims + 1)) / 2);
  const rows = x.length / dims;
  for (let first = 0; first < rows; first += 256) {
    const count = Math.min(256, rows - first);
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j <= i; j++) {
        const column = (d: number) => (k: number) => x[(first + k) * dims + d]!;
        products[(i * (i + 1)) / 2 + j]! += sum(count, column(i), column(j));
      }
    }
  }
  return products;
}

/** `a · bᵀ` for `a` `[rows × depth]` and `b` `[columns × depth]`. */
export function scalarProduct(a: Float32Array, b: Float32Array, depth: number): Float32Array {
  const columns = b.length / depth;
  return Float32Array.from({ length: (a.length / depth) * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return sum(
      depth,
      (k) => a[row * depth + k]!,
      (k) => b[column * depth + k]!,
    );
  });
}

/** Margins `[rows × classes]`. */
export function scalarMargins(x: Float32Array, { w, b }: ClassifierBlock): Float32Array {
  return scalarProduct(x, w, w.length / b.length).map((z, at) => z - b[at % b.length]!);
}

/** What a learner knows. */
export interface ScalarLearner {
  current: ClassifierBlock;
  average: ClassifierBlock;
}

/** A learning step; returns the objective of each class before it. */
export function scalarStep(
  learner: ScalarLearner,
  x: Float32Array,
  targets: Int8Array,
  labelWeights: Float32Array,
  { rates, decay, normaliser, averaging }: LearnerStep,
): Float32Array {
  const { current, average } = learner;
  const classes = current.b.length;
  const [dims, rows] = [current.w.length / classes, targets.length / classes];
  const margins = scalarMargins(x, current);
  const update = (
    values: Float32Array,
    means: Float32Array,
    at: number,
    keep: number,
    gain: number,
    g: number,
  ) => {
    values[at] = fround(fround(keep * values[at]!) + fround(gain * g));
    means[at] = fround(means[at]! + fround(fround(averaging) * fround(values[at] - means[at]!)));
  };
  return rates.map((rate, c) => {
    let [loss, total] = [0, 0];
    const e = Float32Array.from({ length: rows }, (_, row) => {
      const y = targets[row * classes + c]!;
      const hinge = Math.max(0, fround(1 - fround(y * margins[row * classes + c]!)));
      const weight = y === 0 ? 0 : y * labelWeights[2 * c + (y > 0 ? 0 : 1)]!;
      const coefficient = fround(weight * hinge);
      total = fround(total + coefficient);
      loss = fround(loss + fround(fround(coefficient * y) * hinge));
      return coefficient;
    });
    const keep = fround(1 - fround(rate * fround(decay)));
    const gain = fround(rate * fround(1 / fround(normaliser)));
    for (let d = 0; d < dims; d++) {
      const gradient = sum(
        rows,
        (k) => x[k * dims + d]!,
        (k) => e[k]!,
      );
      update(current.w, average.w, c * dims + d, keep, gain, gradient);
    }
    update(current.b, average.b, c, 1, gain, -total);
    return loss;
  });
}
