import { beforeAll, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/vision/kernel.ts';
import { LinearBatch } from '../../src/vision/linear-batch.ts';
import { LinearLearner, type LearnerStep } from '../../src/vision/linear-learner.ts';
import { LinearProjection } from '../../src/vision/linear-projection.ts';
import { addSums, LinearStatistics, type FeatureSums } from '../../src/vision/linear-statistics.ts';
import { whiten } from '../../src/vision/linear-whitening.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const invalid: unknown = expect.objectContaining({ code: 'REQUEST_INVALID' });
const refuses = (work: () => unknown): void => {
  expect(work).toThrow(invalid);
};

/** A batch of `[2 × 3]`. */
function smallBatch(): LinearBatch {
  const batch = new LinearBatch(kernel, { capacity: 4, dims: 3 });
  batch.load(Float32Array.of(1, 2, 3, 4, 5, 7));
  return batch;
}

const unit = { mean: new Float32Array(3), transform: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) };
const step: LearnerStep = { rates: new Float32Array(2).fill(0.1), decay: 0, normaliser: 2, averaging: 1 };

describe('a batch refuses', () => {
  it('shapes without sense', () => {
    for (const shape of [
      { capacity: 0, dims: 3 },
      { capacity: 1.5, dims: 3 },
      { capacity: 4, dims: 0 },
      { capacity: 4, dims: 8193 },
      { capacity: NaN, dims: 3 },
    ]) {
      refuses(() => new LinearBatch(kernel, shape));
    }
  });

  it('rows that do not fit, and numbers that are not finite', () => {
    const batch = smallBatch();
    for (const length of [0, 4, 15])
      refuses(() => {
        batch.load(new Float32Array(length));
      });
    refuses(() => {
      batch.loadQuantised(new Uint8Array(6), new Float32Array(2));
    });
    refuses(() => {
      batch.loadQuantised(new Uint8Array(3), Float32Array.of(0, Infinity));
    });
    refuses(() => {
      batch.load(Float32Array.of(1, NaN, 3));
    });
    const statistics = new LinearStatistics(kernel, 3);
    refuses(() => {
      statistics.add(batch);
    });
    batch.loadQuantised(Uint8Array.of(0, 1, 255), Float32Array.of(-1, 0.5));
    expect(batch.read()).toEqual(Float32Array.of(-1, -0.5, 126.5));
  });
});

describe('sums and whitening refuse', () => {
  const sums: FeatureSums = { rows: 3, sum: new Float64Array(2), products: Float64Array.of(3, 3, 3) };

  it('sums that do not fit together', () => {
    refuses(() => addSums(sums, { ...sums, sum: new Float64Array(3) }));
    refuses(() => whiten(kernel, { ...sums, products: new Float64Array(4) }, 1));
    refuses(() => whiten(kernel, { ...sums, sum: Float64Array.of(0, NaN) }, 1));
    refuses(() => whiten(kernel, { ...sums, rows: 1 }, 1));
    refuses(() => whiten(kernel, sums, -1));
    const statistics = new LinearStatistics(kernel, 4);
    refuses(() => {
      statistics.add(smallBatch());
    });
  });

  it('features of which one follows from another, unless they are shrunk', () => {
    expect(() => whiten(kernel, sums, 0)).toThrow(
      expect.objectContaining({ code: 'COVARIANCE_SINGULAR', details: { shrinkage: 0, feature: 1 } }),
    );
    expect(whiten(kernel, sums, 0.1).transform.every(Number.isFinite)).toBe(true);
  });
});

describe('a projection refuses', () => {
  it('transforms, batches and classifiers that do not fit', () => {
    refuses(() => new LinearProjection(kernel, { ...unit, mean: new Float32Array(4) }, 4));
    refuses(() => new LinearProjection(kernel, { ...unit, mean: Float32Array.of(0, 0, NaN) }, 4));
    const batch = smallBatch();
    const short = new LinearProjection(kernel, unit, 1);
    refuses(() => {
      short.project(batch, smallBatch());
    });
    const projection = new LinearProjection(kernel, unit, 4);
    refuses(() => {
      projection.project(batch, new LinearBatch(kernel, { capacity: 4, dims: 2 }));
    });
    refuses(() => projection.toRaw({ w: new Float32Array(5), b: new Float32Array(2) }));
    refuses(() => projection.toWhitened({ w: new Float32Array(3).fill(NaN), b: new Float32Array(1) }));
  });
});

describe('a learner', () => {
  it('refuses what does not fit', () => {
    const learner = new LinearLearner(kernel, { capacity: 4, dims: 3, classes: 2 });
    const batch = smallBatch();
    const targets = Int8Array.of(1, -1, 0, 1);
    for (const wrong of [
      { rates: new Float32Array(3) },
      { rates: Float32Array.of(0, NaN) },
      { decay: -1 },
      { decay: NaN },
      { normaliser: 0 },
      { averaging: 1.5 },
    ]) {
      refuses(() => learner.step(batch, targets, { ...step, ...wrong }));
    }
    refuses(() => learner.step(batch, new Int8Array(5), step));
    refuses(() => learner.step(batch, Int8Array.of(1, -1, 2, 1), step));
    refuses(() => learner.margins(new LinearBatch(kernel, { capacity: 4, dims: 3 }), 'current'));
    refuses(() => {
      learner.weigh(new Float32Array(2));
    });
    refuses(() => {
      learner.load({ w: new Float32Array(6), b: Float32Array.of(1, -Infinity) });
    });
    expect(learner.step(batch, targets, step)).toEqual(Float32Array.of(1, 2));
  });

  it('says so when it diverges', () => {
    const learner = new LinearLearner(kernel, { capacity: 4, dims: 3, classes: 2 });
    const wild = { ...step, rates: Float32Array.of(0.01, 1e30) };
    expect(() => {
      for (let t = 0; t < 4; t++) learner.step(smallBatch(), Int8Array.of(1, 1, -1, -1), wild);
    }).toThrow(expect.objectContaining({ code: 'LEARNING_DIVERGED', details: { index: 1 } }));
  });

  it('gives its memory back', () => {
    const shape = { capacity: 64, dims: 512, classes: 300 };
    const round = (): void => {
      new LinearLearner(kernel, shape).free();
    };
    round();
    const { byteLength } = kernel.memory.buffer;
    for (let i = 0; i < 50; i++) round();
    expect(kernel.memory.buffer.byteLength).toBe(byteLength);
  });
});
