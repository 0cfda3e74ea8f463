import type { StepParameters } from './parameter-file.ts';

/** How integers stand for the activations of a tensor: channel `c` of value `v` is `v · step[c]`, `low ≤ v ≤ high`. */
export interface Activations {
  /** `[channels]` */
  readonly step: Float64Array;
  readonly low: number;
  readonly high: number;
}

/** A convolution with its batch norm folded in, in real numbers. */
export interface Affine {
  /** `[outputs × taps]` */
  readonly weights: Float64Array;
  /** `[outputs]` */
  readonly bias: Float64Array;
}

/** Sums are 32-bit; the margin covers what rounding the weights adds. */
const maxSum = 2 ** 31 * 0.999;
const maxWeight = 32_767;

/**
 * A convolution in integers: the output's integer is `(bias + Σ weights · input) · multiplier`.
 *
 * Each output channel has the largest weight scale whose sum cannot leave 32 bits, whatever the input holds within its bounds
 * (per-channel symmetric weights, as in Krishnamoorthi, "Quantizing deep convolutional networks", 2018, but in 16 bits).
 *
 * @param inputStep - the step of the input under each tap, `[outputs × taps]` by `tap`
 */
export function quantise(
  { weights, bias }: Affine,
  input: {
    readonly stepAt: (output: number, tap: number) => number;
    readonly low: number;
    readonly high: number;
  },
  outputStep: Float64Array,
): StepParameters {
  const outputs = bias.length;
  const taps = weights.length / outputs;
  const quantised = new Int16Array(weights.length);
  const start = new Int32Array(outputs);
  const multiplier = new Float32Array(outputs);
  for (let n = 0; n < outputs; n += 1) {
    const row = weights
      .subarray(n * taps, (n + 1) * taps)
      .map((weight, tap) => weight * input.stepAt(n, tap));
    const scale = weightScale(row, bias[n] ?? 0, input.low, input.high);
    quantised.set(
      row.map((weight) => Math.round(weight * scale)),
      n * taps,
    );
    start[n] = Math.round((bias[n] ?? 0) * scale);
    multiplier[n] = 1 / (scale * (outputStep[n] ?? 1));
  }
  return { weights: quantised, bias: start, multiplier };
}

function weightScale(row: Float64Array, bias: number, low: number, high: number): number {
  let most = bias;
  let least = bias;
  let peak = 0;
  for (const weight of row) {
    most += Math.max(weight * high, weight * low);
    least += Math.min(weight * high, weight * low);
    peak = Math.max(peak, Math.abs(weight));
  }
  const roundingRoom = row.length * Math.max(high, -low);
  return Math.min(
    maxWeight / Math.max(peak, 1e-30),
    (maxSum - roundingRoom) / Math.max(most, -least, Math.abs(bias), 1e-30),
  );
}
