import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import { LinearBatch } from '../../src/vision/linear-batch.ts';
import { LinearProjection, type ClassifierBlock } from '../../src/vision/linear-projection.ts';
import { LinearStatistics } from '../../src/vision/linear-statistics.ts';
import { whiten, type Whitening } from '../../src/vision/linear-whitening.ts';
import { Filler, fillers } from '../support/kernel-arbitraries.ts';
import { scalarMargins, scalarProduct, scalarProducts } from '../support/linear-reference.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  dims: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 250, max: 275 })),
});

/** Any lower triangular transform with a diagonal far from zero. */
function transformOf(fill: Filler, dims: number): Whitening {
  const transform = fill.floats(dims * dims).map((value, at) => {
    const [i, j] = [Math.floor(at / dims), at % dims];
    return i === j ? 1.5 + value / 4 : i < j ? 0 : value / dims;
  });
  return { mean: fill.floats(dims), transform };
}

/** Correlated rows around means that are not 0; feature 3, where there is one, is constant. */
function correlatedRows(fill: Filler, rows: number, dims: number): Float32Array {
  const mixing = fill.floats(dims * dims).map((value, at) => value / dims + (at % (dims + 1) === 0 ? 1 : 0));
  return scalarProduct(fill.floats(rows * dims), mixing, dims).map((value, at) =>
    at % dims === 3 ? 0.7 : value + (at % dims),
  );
}

/** Loads rows, sums them and whitens them. */
function whitened(x: Float32Array, dims: number, shrinkage: number): Float32Array {
  const shape = { capacity: x.length / dims, dims };
  const [batch, projected] = [new LinearBatch(kernel, shape), new LinearBatch(kernel, shape)];
  const statistics = new LinearStatistics(kernel, dims);
  batch.load(x);
  statistics.add(batch);
  const projection = new LinearProjection(
    kernel,
    whiten(kernel, statistics.sums(), shrinkage),
    shape.capacity,
  );
  projection.project(batch, projected);
  const rows = projected.read();
  for (const part of [batch, projected, statistics, projection]) part.free();
  return rows;
}

describe('whitening', () => {
  it('gives features of mean 0 and covariance 1, and constants 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fillers, (dims, { seed }) => {
        const rows = 4 * dims + 20;
        const x = whitened(correlatedRows(new Filler(seed), rows, dims), dims, 1e-9);
        const covariances = scalarProducts(x, dims).map((product) => product / rows);
        for (let i = 0, at = 0; i < dims; i++) {
          for (let j = 0; j <= i; j++, at++) covariances[at]! -= i === j && i !== 3 ? 1 : 0;
        }
        expect(Math.max(...covariances.map(Math.abs))).toBeLessThan(0.005);
      }),
      { numRuns: 15 },
    );
  });

  it('shrinks: with a large γ, features are only scaled', () => {
    const [rows, dims] = [300, 20];
    const x = correlatedRows(new Filler(7), rows, dims);
    const shrunk = whitened(x, dims, 1e6);
    for (let d = 0; d < dims; d++) {
      let square = 0;
      for (let row = 0; row < rows; row++) square += shrunk[row * dims + d]! ** 2;
      expect((square / rows) * 1e6).toBeCloseTo(d === 3 ? 0 : 1, 3);
    }
  });
});

describe('projection', () => {
  it('gives the bits of the scalar reference', () => {
    fc.assert(
      fc.property(shapes, fillers, ({ rows, dims }, { seed }) => {
        const fill = new Filler(seed);
        const whitening = transformOf(fill, dims);
        const shape = { capacity: rows, dims };
        const [from, to] = [new LinearBatch(kernel, shape), new LinearBatch(kernel, shape)];
        const projection = new LinearProjection(kernel, whitening, rows);
        const x = fill.floats(rows * dims);
        from.load(x);
        projection.project(from, to);
        const centred = x.map((value, at) => value - whitening.mean[at % dims]!);
        expect(to.read()).toEqual(scalarProduct(centred, whitening.transform, dims));
        for (const part of [from, to, projection]) part.free();
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the margins of classifiers that go with it, both ways', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 20 }), fillers, ({ rows, dims }, classes, { seed }) => {
        const fill = new Filler(seed);
        const whitening = transformOf(fill, dims);
        const shape = { capacity: rows, dims };
        const [from, to] = [new LinearBatch(kernel, shape), new LinearBatch(kernel, shape)];
        const projection = new LinearProjection(kernel, whitening, rows);
        const x = fill.floats(rows * dims);
        from.load(x);
        projection.project(from, to);
        const block = { w: fill.floats(classes * dims), b: fill.floats(classes) };
        expectMargins(scalarMargins(to.read(), projection.toWhitened(block)), x, block);
        expectMargins(scalarMargins(x, projection.toRaw(block)), to.read(), block);
        expectClose(projection.toRaw(projection.toWhitened(block)).w, block.w, 1e-4);
        for (const part of [from, to, projection]) part.free();
      }),
      { numRuns: 20 },
    );
  });

  it('takes a classifier to the same bits whatever its block', () => {
    const fill = new Filler(3);
    const [dims, classes] = [37, 21];
    const projection = new LinearProjection(kernel, transformOf(fill, dims), 1);
    const block = { w: fill.floats(classes * dims), b: fill.floats(classes) };
    const cut = (b: ClassifierBlock): ClassifierBlock => ({
      w: b.w.slice(5 * dims, 6 * dims),
      b: b.b.slice(5, 6),
    });
    expect(projection.toRaw(cut(block))).toEqual(cut(projection.toRaw(block)));
    expect(projection.toWhitened(cut(block))).toEqual(cut(projection.toWhitened(block)));
    projection.free();
  });
});

function expectMargins(found: Float32Array, x: Float32Array, block: ClassifierBlock): void {
  expectClose(found, scalarMargins(x, block), 1e-4);
}

/** Equal up to a part of the largest. */
function expectClose(found: Float32Array, expected: Float32Array, part: number): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const error = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
  expect(error).toBeLessThanOrEqual(part * largest);
}
