import fc from 'fast-check';
import { open } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EmbeddedFeatureStore } from '../../../src/model/feature-store/embedded-feature-store.ts';
import { rowOffset } from '../../../src/model/feature-store/segment-format.ts';
import { related, relatedResult, relatedTask } from '../../../src/train/tasks/related.ts';
import type { TaskContext } from '../../../src/train/tasks/task-context.ts';
import {
  asRows,
  dequantiseFeatures,
  type QuantisedFeatures,
  quantiseFeatures,
} from '../../../src/vision/quantised-features.ts';
import { openStore } from '../../support/features.ts';
import { temporaryFolder } from '../../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: EmbeddedFeatureStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  ({ store } = await openStore(folder.path));
});

afterEach(async () => {
  await store.close();
  await folder.remove();
});

/** Compares the first of some photos with the others, as a job thread does. */
async function compared(ids: readonly string[]): Promise<(number | undefined)[]> {
  const selection = await store.select(ids);
  try {
    return relatedResult(await related(relatedTask('test', selection), {} as TaskContext));
  } finally {
    await store.release(selection);
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** What its 8 bits stand for. */
function asKept(features: QuantisedFeatures): Float32Array {
  const { values, scales } = asRows(features);
  const x = new Float32Array(values.length);
  dequantiseFeatures(values, scales, x);
  return x;
}

const vectors = fc.array(
  fc
    .array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 4, maxLength: 4 })
    .map((values) => quantiseFeatures(Float32Array.from(values))),
  { minLength: 1, maxLength: 40 },
);

test('similarity is the cosine of what is stored, for any features and places', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(vectors, async (features) => {
      run += 1;
      const rows = features.map((each, index) => ({ id: `${String(run)} ${String(index)}`, features: each }));
      await store.append(rows);
      const found = await compared(rows.map(({ id }) => id).toReversed());
      const [first, ...others] = features.toReversed().map(asKept);
      expect(found).toHaveLength(others.length);
      for (const [index, other] of others.entries())
        expect(found[index]).toBeCloseTo(cosine(first!, other), 6);
    }),
    { numRuns: 50 },
  );
});

test('a damaged row is similar to nothing, and leaves the others alone', async () => {
  const features = quantiseFeatures(Float32Array.of(1, 2, 3, 4));
  await store.append(['a', 'b', 'c'].map((id) => ({ id, features })));
  const selection = await store.select(['b']);
  const file = await open(selection.segments[0]!.files.rows, 'r+');
  await file.write(Buffer.from([9, 9, 9]), 0, 3, rowOffset(1, 4) + 5);
  await file.close();
  await store.release(selection);
  expect(await compared(['a', 'b', 'c'])).toEqual([undefined, expect.closeTo(1, 9)]);
  expect(await compared(['b', 'a', 'c'])).toEqual([undefined, undefined]);
});
