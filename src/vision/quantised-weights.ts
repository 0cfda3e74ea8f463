import { setImmediate } from 'node:timers/promises';

/** Linear classifiers, `z = w · x − b`. */
export interface WeightBlock {
  readonly classes: number;
  readonly dims: number;
  /** Floats from one row of `w` to the next, at least `dims`. */
  readonly stride: number;
  /** `Float32Array [classes × stride]` */
  readonly w: Float32Array;
  /** `Float32Array [classes]` */
  readonly b: Float32Array;
}

/** Linear classifiers in 16 bits, as the kernel scores them: `w ≈ step · q`, each class with a step of its own. */
export interface QuantisedWeights {
  readonly classes: number;
  readonly dims: number;
  /** q, `Int16Array [⌈classes / 8⌉][⌈dims / 2⌉][8][2]`: a pair of weights of each of eight classes, then the next pair; 0 where there is none. */
  readonly panels: Int16Array;
  /** `Float32Array [⌈classes / 8⌉][3][8]`: step, Σw and b of eight classes. */
  readonly constants: Float32Array;
}

/** Classes of a panel. */
export const panelClasses = 8;
/** Floats that go with a panel. */
export const panelConstants = 3 * panelClasses;

/** 16-bit numbers of a panel. */
export function panelLength(dims: number): number {
  return 2 * Math.ceil(dims / 2) * panelClasses;
}

/** The largest Σ|q| of which Σ q·v, over bytes v, fits into 32 bits. */
const mostInAll = Math.floor((2 ** 31 - 1) / 255);
/** The largest |q|. */
const mostOfOne = 2 ** 15 - 1;

/** Weights that are rounded at once: the event loop turns in between. */
const pieceWeights = 256 * 1024;

/**
 * Rounds weights to 16 bits. Each class gets the smallest step at which no weight and, whatever the photo, no sum of the kernel can
 * overflow; a weight is off by at most half of it. The same weights give the same bits everywhere.
 *
 * @returns them in shared memory
 */
export async function quantiseWeights(block: WeightBlock): Promise<QuantisedWeights> {
  const { classes, dims } = block;
  const count = Math.ceil(classes / panelClasses);
  const weights = {
    classes,
    dims,
    panels: new Int16Array(new SharedArrayBuffer(count * panelLength(dims) * Int16Array.BYTES_PER_ELEMENT)),
    constants: sharedFloats(new Float32Array(count * panelConstants)),
  };
  const rowsAtOnce = Math.ceil(pieceWeights / dims);
  for (let row = 0; row < classes; row++) {
    quantiseRow(block, row, weights);
    if (row % rowsAtOnce === 0) await setImmediate();
  }
  return weights;
}

function quantiseRow({ stride, dims, w, b }: WeightBlock, row: number, into: QuantisedWeights): void {
  const [panel, lane] = [Math.floor(row / panelClasses), row % panelClasses];
  const weights = w.subarray(row * stride, row * stride + dims);
  const { step, sum } = measure(weights);
  const { panels, constants } = into;
  for (let index = 0; index < dims; index++) {
    const pair = panel * panelLength(dims) + (index >> 1) * 2 * panelClasses;
    panels[pair + 2 * lane + (index & 1)] = Math.round((weights[index] ?? 0) / step);
  }
  for (const [place, constant] of [step, sum, b[row] ?? 0].entries())
    constants[panel * panelConstants + place * panelClasses + lane] = constant;
}

/** The step of a class, a float32, and Σw. */
function measure(weights: Float32Array): { step: number; sum: number } {
  let [largest, size, sum] = [0, 0, 0];
  for (const weight of weights) {
    const magnitude = Math.abs(weight);
    if (magnitude > largest) largest = magnitude;
    size += magnitude;
    sum += weight;
  }
  // Rounding may add a half to each.
  const least = Math.max(largest / mostOfOne, size / (mostInAll - weights.length / 2));
  // Upwards, and above 0.
  return { step: Math.fround(least * (1 + 2 ** -23) + 2 ** -149), sum };
}

/** A copy in memory that threads share. */
export function sharedFloats(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
