import { z } from 'zod';
import type { FeatureSelection } from '../../model/feature-store/feature-snapshot.ts';
import { snapshotOfRows } from '../../model/feature-store/feature-snapshot.ts';
import { SnapshotReader } from '../../model/feature-store/snapshot-reader.ts';
import { dequantiseFeatures } from '../../vision/quantised-features.ts';
import type { Task, TaskResult } from '../task.ts';
import { featureSource, sourceOf } from './feature-source.ts';
import type { TaskHandler } from './task-context.ts';
import { parametersOf } from './task-parts.ts';

const schema = z.strictObject({ source: featureSource });
const similarities = z.array(z.number().nullable());

/**
 * Compares the first of some photos with each of the others by their stored features; the value is the cosine of each, `null` where a
 * row is damaged. All rows are in memory at once. It reads files of the node, so it runs where they are.
 */
export const related: TaskHandler = async (task) => {
  const { source } = parametersOf(task, schema);
  const { dims } = source.extractor;
  const places = Uint32Array.from(source.places);
  const values = new Uint8Array(places.length * dims);
  const scales = new Float32Array(2 * places.length);
  const damaged = new Set<number>();
  const reader = await SnapshotReader.open(snapshotOfRows(source));
  try {
    await reader.read(places, { values, scales }, (index) => damaged.add(index));
  } finally {
    await reader.close();
  }
  const x = new Float32Array(values.length);
  dequantiseFeatures(values, scales, x);
  const row = (index: number) => x.subarray(index * dims, (index + 1) * dims);
  const value = Array.from({ length: Math.max(places.length - 1, 0) }, (_, index) =>
    damaged.has(0) || damaged.has(index + 1) ? null : cosine(row(0), row(index + 1)),
  );
  return { outputs: [], value };
};

/** −1 to 1; 0 where one of them has no direction. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const [one, other] = [a[index] ?? 0, b[index] ?? 0];
    product += one * other;
    ofA += one * one;
    ofB += other * other;
  }
  const lengths = Math.sqrt(ofA * ofB);
  return lengths > 0 ? Math.max(-1, Math.min(1, product / lengths)) : 0;
}

/** The task that compares the first photo of a selection with the others; all of them have features. */
export function relatedTask(key: string, selection: FeatureSelection): Task {
  return { kind: 'related', key, parameters: { source: sourceOf(selection) }, inputs: [] };
}

/** What a {@link relatedTask} gave: the cosine with each of the others, `undefined` where a row is damaged. */
export function relatedResult({ value }: TaskResult): (number | undefined)[] {
  return similarities.parse(value).map((similarity) => similarity ?? undefined);
}
