import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import { LinearBatch } from '../../src/vision/linear-batch.ts';
import { LinearLearner, type LearnerStep } from '../../src/vision/linear-learner.ts';
import { Filler, fillers } from '../support/kernel-arbitraries.ts';
import { scalarMargins, scalarStep, type ScalarLearner } from '../support/linear-reference.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const shapes = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 120, max: 140 })),
  dims: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 250, max: 275 })),
  classes: fc.integer({ min: 1, max: 40 }),
});

interface Problem {
  readonly rows: number;
  readonly dims: number;
  readonly classes: number;
  readonly batches: readonly { readonly x: Float32Array; readonly targets: Int8Array }[];
  readonly labelWeights: Float32Array;
  readonly start: Float32Array;
  readonly steps: readonly LearnerStep[];
}

/** Two steps; later batches are smaller. */
function problemOf(
  { rows, dims, classes }: { rows: number; dims: number; classes: number },
  fill: Filler,
): Problem {
  return {
    rows,
    dims,
    classes,
    batches: [rows, Math.ceil(rows / 2)].map((count) => ({
      x: fill.floats(count * dims),
      targets: Int8Array.from({ length: count * classes }, () => fill.integer(-1, 1)),
    })),
    labelWeights: fill.floats(2 * classes).map(Math.abs),
    start: fill.floats(classes * dims).map((value) => value / dims),
    steps: [1, 2].map((t) => ({
      rates: fill.floats(classes).map((value) => Math.abs(value) / 30),
      decay: 0.25,
      normaliser: rows,
      averaging: 1 / t,
    })),
  };
}

/** What the kernel learns of classes `first .. last` of a problem: objectives, classifiers, margins. */
function learned(problem: Problem, first: number, last: number): Float32Array[] {
  const { rows, dims, classes, batches, labelWeights, start, steps } = problem;
  const learner = new LinearLearner(kernel, { capacity: rows, dims, classes: last - first });
  const batch = new LinearBatch(kernel, { capacity: rows, dims });
  learner.weigh(labelWeights.slice(2 * first, 2 * last));
  learner.load({ w: start.slice(first * dims, last * dims), b: new Float32Array(last - first) });
  const losses = steps.map((step, index) => {
    const { x, targets } = batches[index]!;
    batch.load(x);
    const own = targets.filter((_, at) => at % classes >= first && at % classes < last);
    return learner.step(batch, own, { ...step, rates: step.rates.slice(first, last) });
  });
  const [current, average] = [learner.read('current'), learner.read('average')];
  const margins = [learner.margins(batch, 'current'), learner.margins(batch, 'average')];
  learner.free();
  batch.free();
  return [...losses, current.w, current.b, average.w, average.b, ...margins];
}

describe('a learner', () => {
  it('gives the bits of the scalar reference', () => {
    fc.assert(
      fc.property(shapes, fillers, (shape, { seed }) => {
        const problem = problemOf(shape, new Filler(seed));
        const { dims, classes, batches, labelWeights, start, steps } = problem;
        const zeros = (): Float32Array => new Float32Array(classes);
        const scalar: ScalarLearner = {
          current: { w: start.slice(), b: zeros() },
          average: { w: new Float32Array(classes * dims), b: zeros() },
        };
        const losses = steps.map((step, index) => {
          const { x, targets } = batches[index]!;
          return scalarStep(scalar, x, targets, labelWeights, step);
        });
        const { current, average } = scalar;
        const margins = [current, average].map((block) => scalarMargins(batches[1]!.x, block));
        expect(learned(problem, 0, classes)).toEqual([
          ...losses,
          current.w,
          current.b,
          average.w,
          average.b,
          ...margins,
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('learns a class the same, whichever others are in its block', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), fillers, (shape, from, length, { seed }) => {
        const problem = problemOf(shape, new Filler(seed));
        const { classes } = shape;
        const first = from % classes;
        const last = first + 1 + (length % (classes - first));
        const cut = (values: Float32Array): Float32Array => {
          // Margins have a row for each photo, everything else a row for each class.
          const photos = values.length / classes;
          return values.slice(first * photos, last * photos);
        };
        const whole = learned(problem, 0, classes);
        const part = learned(problem, first, last);
        expect(part.slice(0, 6)).toEqual(whole.slice(0, 6).map(cut));
        const marginsOf = (values: Float32Array): Float32Array =>
          values.filter((_, at) => at % classes >= first && at % classes < last);
        expect(part.slice(6)).toEqual(whole.slice(6).map(marginsOf));
      }),
      { numRuns: 30 },
    );
  });

  it('finds the classifiers that part two clouds', () => {
    const [rows, dims, classes] = [64, 8, 3];
    const fill = new Filler(11);
    const directions = fill.floats(classes * dims);
    const x = fill.floats(rows * dims);
    const batch = new LinearBatch(kernel, { capacity: rows, dims });
    batch.load(x);
    const truth = scalarMargins(x, { w: directions, b: Float32Array.of(0.5, 0, -0.5) });
    const targets = Int8Array.from(truth, (z) => Math.sign(z));
    const learner = new LinearLearner(kernel, { capacity: rows, dims, classes });
    const step = { rates: new Float32Array(classes).fill(0.2), decay: 0, normaliser: rows, averaging: 0.01 };
    for (let t = 0; t < 2000; t++) learner.step(batch, targets, step);
    const right = learner.margins(batch, 'average').filter((z, at) => Math.sign(z) === targets[at]).length;
    expect(right).toBeGreaterThan(0.97 * targets.length);
    learner.free();
    batch.free();
  });
});
