import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import { LinearBatch } from '../../src/vision/linear-batch.ts';
import { addSums, LinearStatistics, type FeatureSums } from '../../src/vision/linear-statistics.ts';
import { Filler, fillers } from '../support/kernel-arbitraries.ts';
import { scalarProducts } from '../support/linear-reference.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const shapes = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 250, max: 530 })),
  dims: fc.integer({ min: 1, max: 40 }),
});

/** Sums over batches of at most `capacity` rows. */
function summed(x: Float32Array, dims: number, capacity: number): FeatureSums {
  const batch = new LinearBatch(kernel, { capacity, dims });
  const statistics = new LinearStatistics(kernel, dims);
  for (let at = 0; at < x.length; at += capacity * dims) {
    batch.load(x.subarray(at, at + capacity * dims));
    statistics.add(batch);
  }
  const sums = statistics.sums();
  batch.free();
  statistics.free();
  return sums;
}

describe('sums over rows', () => {
  it('are those of the scalar reference, bit by bit', () => {
    fc.assert(
      fc.property(shapes, fillers, ({ rows, dims }, { seed }) => {
        const x = new Filler(seed).floats(rows * dims);
        const sums = summed(x, dims, rows);
        expect(sums.rows).toBe(rows);
        expect(sums.products).toEqual(scalarProducts(x, dims));
        const sum = new Float64Array(dims);
        x.forEach((value, at) => (sum[at % dims]! += value));
        expect(sums.sum).toEqual(sum);
      }),
      { numRuns: 40 },
    );
  });

  it('are the same, in batches or not', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 300 }), fillers, ({ rows, dims }, capacity, { seed }) => {
        const x = new Filler(seed).floats(rows * dims);
        const [whole, parts] = [summed(x, dims, rows), summed(x, dims, capacity)];
        expectClose(parts, whole);
      }),
      { numRuns: 40 },
    );
  });

  it('of two sets of rows add up to those of both', () => {
    fc.assert(
      fc.property(shapes, shapes, fillers, ({ rows: first, dims }, { rows: second }, { seed }) => {
        const x = new Filler(seed).floats((first + second) * dims);
        const [a, b] = [x.subarray(0, first * dims), x.subarray(first * dims)];
        expectClose(addSums(summed(a, dims, 100), summed(b, dims, 100)), summed(x, dims, first + second));
      }),
      { numRuns: 40 },
    );
  });
});

/** Equal up to 2⁻²⁰ of the sum of squares. */
function expectClose(found: FeatureSums, expected: FeatureSums): void {
  expect(found.rows).toBe(expected.rows);
  const dims = expected.sum.length;
  const norm = (d: number): number => Math.sqrt(expected.products[(d * (d + 1)) / 2 + d]!);
  for (let i = 0; i < dims; i++) {
    expect(Math.abs(found.sum[i]! - expected.sum[i]!)).toBeLessThanOrEqual(1e-9 * expected.rows);
    for (let j = 0; j <= i; j++) {
      const at = (i * (i + 1)) / 2 + j;
      const error = Math.abs(found.products[at]! - expected.products[at]!);
      expect(error).toBeLessThanOrEqual(2 ** -20 * norm(i) * norm(j));
    }
  }
}
