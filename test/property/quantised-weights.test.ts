import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import { quantiseFeatures } from '../../src/vision/quantised-features.ts';
import {
  panelConstants,
  panelLength,
  type QuantisedWeights,
  quantiseWeights,
} from '../../src/vision/quantised-weights.ts';
import { Filler, fillers } from '../support/kernel-arbitraries.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

/** The 16-bit weights of a class, its step and Σw. */
function classOf({ dims, panels, constants }: QuantisedWeights, row: number) {
  const [panel, lane] = [Math.floor(row / 8), row % 8];
  const at = panel * panelLength(dims) + 2 * lane;
  const q = Array.from({ length: dims }, (_, k) => panels[at + (k >> 1) * 16 + (k % 2)]!);
  const [step, sum] = [0, 8].map((place) => constants[panel * panelConstants + place + lane]!);
  return { q, step: step!, sum: sum! };
}

const sizes = fc.constantFrom(1e-45, 1e-40, 1e-30, 1e-3, 1, 1e6, 1e30);
const shapes = fc.record({
  classes: fc.integer({ min: 1, max: 19 }),
  dims: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(257, 258, 1280, 2400)),
  padding: fc.integer({ min: 0, max: 5 }),
});

it('weights are off by half a step at most, and no photo can overflow a sum', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, sizes, fillers, async ({ classes, dims, padding }, size, { seed }) => {
      const fill = new Filler(seed);
      const stride = dims + padding;
      const w = fill.floats(classes * stride).map((value) => value * size);
      const block = { classes, dims, stride, w, b: fill.floats(classes) };
      const found = await quantiseWeights(block);
      for (let row = 0; row < classes; row += 1) {
        const { q, step } = classOf(found, row);
        const total = q.reduce((sum, value) => sum + Math.abs(value), 0);
        expect(255 * total).toBeLessThan(2 ** 31);
        for (const [k, value] of q.entries()) {
          const weight = w[row * stride + k]!;
          if (!(Math.abs(weight - step * value) <= 0.5 * step * (1 + 1e-9)))
            expect.fail(`${String(weight)} became ${String(value)} steps of ${String(step)}`);
        }
      }
    }),
  );
});

it.each([
  ['of one size', (_: number) => 1],
  ['one far larger than the others', (k: number) => (k === 7 ? 1e6 : 1)],
  ['of zeros', () => 0],
])('the brightest photo there can be overflows no sum of 65,536 weights %s', async (_, weightOf) => {
  const dims = 65_536;
  const w = Float32Array.from({ length: 2 * dims }, (__, at) => (at < dims ? 1 : -1) * weightOf(at % dims));
  const block = await quantiseWeights({ classes: 2, dims, stride: dims, w, b: new Float32Array(2) });
  const rows = { values: new Uint8Array(dims).fill(255), scales: Float32Array.of(0, 1) };
  const [up, down] = kernel.margins(rows, block);
  expect(down).toBe(-up! + 0);
  const { q, step } = classOf(block, 0);
  const exact = 255 * step * q.reduce((sum, value) => sum + value, 0);
  expect(Math.abs(up! - exact)).toBeLessThanOrEqual(1e-6 * exact);
});

it('margins are those of the weights, to within what half a step of each can do', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fillers, async ({ classes, dims, padding }, { seed }) => {
      const fill = new Filler(seed);
      const stride = dims + padding;
      const block = { classes, dims, stride, w: fill.floats(classes * stride), b: fill.floats(classes) };
      const { offset, scale, values } = quantiseFeatures(fill.floats(dims));
      const found = await quantiseWeights(block);
      const margins = kernel.margins({ values, scales: Float32Array.of(offset, scale) }, found);
      for (let row = 0; row < classes; row += 1) {
        const { step, sum } = classOf(found, row);
        const weights = block.w.subarray(row * stride, row * stride + dims);
        let [exact, varying, brightness] = [-block.b[row]!, 0, 0];
        for (const [k, weight] of weights.entries()) {
          exact += weight * (offset + scale * values[k]!);
          varying += Math.abs(weight) * scale * values[k]!;
          brightness += scale * values[k]!;
        }
        // Beside the steps, some roundings of float32 numbers of these sizes.
        const rounding = 2 ** -21 * (varying + Math.abs(offset * sum) + Math.abs(block.b[row]!));
        expect(Math.abs(margins[row]! - exact)).toBeLessThanOrEqual(0.5 * step * brightness + rounding);
      }
    }),
  );
});
