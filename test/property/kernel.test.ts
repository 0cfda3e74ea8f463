import { average, depthwise, pointwise, Requantise, stem, Window } from '#kernel';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import type { QuantisedWeights } from '../../src/vision/quantised-weights.ts';
import { channels, Filler, fillers, windows } from '../support/kernel-arbitraries.ts';
import {
  scalarAverage,
  scalarDepthwise,
  scalarMargins,
  scalarPointwise,
  scalarStem,
  type RequantiseConstants,
  type WindowShape,
} from '../support/scalar-reference.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const requantise = ({ bias, multiplier, low, high }: RequantiseConstants): Requantise =>
  new Requantise(bias, multiplier, low, high);
const window = ({ rows, columns, kernel: size, stride }: WindowShape): Window =>
  new Window(rows, columns, size, stride);

describe('the SIMD kernels give the bits of the scalar reference', () => {
  it('stem', () => {
    const shapes = windows([1, 2, 3, 4, 5, 7], [1, 2, 3]);
    fc.assert(
      fc.property(
        shapes,
        channels,
        fc.integer({ min: -300, max: 300 }),
        fillers,
        (shape, outputs, offset, { seed }) => {
          const fill = new Filler(seed);
          const photo = fill.bytes(shape.rows * shape.columns * 3);
          const weights = fill.int16(outputs * shape.kernel ** 2 * 3);
          const constants = fill.constants(outputs);
          expect(stem(photo, window(shape), offset, weights, requantise(constants))).toEqual(
            scalarStem(photo, shape, offset, weights, constants),
          );
        },
      ),
    );
  });

  it('pointwise, with and without residual', () => {
    const pixels = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(
        pixels,
        channels,
        channels,
        fc.boolean(),
        fillers,
        (count, inputs, outputs, adds, { seed }) => {
          const fill = new Filler(seed);
          const input = fill.int16(count * inputs);
          const weights = fill.int16(outputs * inputs);
          const residual = adds ? fill.int16(count * outputs) : undefined;
          const constants = fill.constants(outputs);
          expect(pointwise(input, inputs, residual, weights, requantise(constants))).toEqual(
            scalarPointwise(input, inputs, residual, weights, constants),
          );
        },
      ),
    );
  });

  it('pointwise over more pixels than a chunk holds', () => {
    const fill = new Filler(5);
    const [count, inputs, outputs] = [61, 1152, 16];
    const input = fill.int16(count * inputs, 0, 4095);
    const weights = fill.int16(outputs * inputs, -400, 400);
    const constants = fill.constants(outputs);
    expect(pointwise(input, inputs, undefined, weights, requantise(constants))).toEqual(
      scalarPointwise(input, inputs, undefined, weights, constants),
    );
  });

  it('depthwise', () => {
    fc.assert(
      fc.property(windows([3, 5], [1, 2]), channels, fillers, (shape, count, { seed }) => {
        const fill = new Filler(seed);
        const input = fill.int16(shape.rows * shape.columns * count);
        const weights = fill.int16(shape.kernel ** 2 * count);
        const constants = fill.constants(count);
        expect(depthwise(input, window(shape), weights, requantise(constants))).toEqual(
          scalarDepthwise(input, shape, weights, constants),
        );
      }),
    );
  });

  it('average', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), channels, fillers, (pixels, count, { seed }) => {
        const fill = new Filler(seed);
        const input = fill.int16(pixels * count);
        expect(average(input, count, 6 / 4095)).toEqual(scalarAverage(input, count, 6 / 4095));
      }),
    );
  });

  it('margins, of any batch, block and width, in shared memory or not', () => {
    const shapes = fc.record({
      photos: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 31, max: 66 })),
      classes: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 62, max: 131 })),
      dims: fc.integer({ min: 1, max: 45 }),
      shared: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, fillers, ({ photos, classes, dims, shared }, { seed }) => {
        const fill = new Filler(seed);
        const count = Math.ceil(classes / 8);
        const length = count * Math.ceil(dims / 2) * 16;
        const panels = new Int16Array(
          shared ? new SharedArrayBuffer(2 * length) : new ArrayBuffer(2 * length),
        );
        panels.set(fill.int16(length));
        const block: QuantisedWeights = { classes, dims, panels, constants: fill.floats(count * 24) };
        const rows = { values: fill.bytes(photos * dims), scales: fill.floats(2 * photos) };
        expect(kernel.margins(rows, block)).toEqual(scalarMargins(rows, block));
      }),
    );
  });
});
