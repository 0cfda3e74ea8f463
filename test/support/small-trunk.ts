import {
  writeParameters,
  type ParameterHeader,
  type StepParameters,
} from '../../src/vision/parameter-file.ts';
import { Filler } from './kernel-arbitraries.ts';

const low = 0;
const high = 4095;

/** A trunk with every kind of step that takes 18 × 22 pixels: 8 × 9 × 11 after the stem, a residual block, then 16 features. */
export const smallHeader: ParameterHeader = {
  extractor: 'small',
  version: 1,
  dims: 16,
  input: { width: 22, height: 18, crop: 1 },
  offset: 127,
  scale: 6 / high,
  steps: [
    { kind: 'stem', kernel: 3, stride: 2, outputs: 8, weights: 8 * 27, low: -4095, high },
    { kind: 'pointwise', outputs: 24, weights: 24 * 8, low, high },
    { kind: 'depthwise', kernel: 5, stride: 1, outputs: 24, weights: 24 * 25, low, high },
    { kind: 'pointwise', outputs: 8, weights: 8 * 24, low: -4095, high, residual: 0 },
    { kind: 'pointwise', outputs: 24, weights: 24 * 8, low, high },
    { kind: 'depthwise', kernel: 3, stride: 2, outputs: 24, weights: 24 * 9, low, high },
    { kind: 'pointwise', outputs: 16, weights: 16 * 24, low, high },
  ],
};

/** Its constants: the same on every machine. */
export function smallSteps(header: ParameterHeader = smallHeader): StepParameters[] {
  const fill = new Filler(2013);
  return header.steps.map(({ weights, outputs }) => ({
    weights: fill.int16(weights, -3000, 3000),
    bias: Int32Array.from(fill.int16(outputs), (value) => value * 100),
    multiplier: new Float32Array(outputs).fill(2 ** -13),
  }));
}

/** Its parameter file. */
export function smallParameters(header: ParameterHeader = smallHeader): Uint8Array {
  return writeParameters(header, smallSteps(header));
}

/** A photo of its size: the same on every machine. */
export function smallPhoto(seed: number): Uint8Array {
  return new Filler(seed).bytes(smallHeader.input.width * smallHeader.input.height * 3);
}
