import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import type { ArrayBundle } from './array-bundle.ts';
import { arrayOf } from './array-bundle.ts';
import type { ClassBlockResult, ClassOutcome } from './evaluation-block.ts';
import { RowSummaries } from './evaluation-rows.ts';

const kind = 'evaluated-classes';

const pair = z.tuple([z.number(), z.number()]);
const metaSchema = z.strictObject({
  firstClass: z.int().min(0),
  precision: z.number(),
  rows: z.int().min(0),
  prior: z.strictObject({
    rate: z.number(),
    slope: pair,
    offset: pair,
    covariance: z.tuple([z.number(), z.number(), z.number()]),
  }),
});

/** Columns of an outcome, in the order of its row in the bundle. */
const outcomeColumns = ['positives', 'negatives', 'averagePrecision', 'shown', 'right', 'relevant'] as const;

/** A block's result as it is handed from task to task. */
export function bundleOfBlock({
  firstClass,
  precision,
  prior,
  calibration,
  thresholds,
  classes,
  rows,
}: ClassBlockResult): ArrayBundle<(Float32Array | Float64Array | Uint8Array)[]> {
  const outcomes = classes.flatMap((outcome) => outcomeColumns.map((column) => outcome[column] ?? NaN));
  return {
    kind,
    meta: { firstClass, precision, rows: rows.rows, prior: { ...prior } },
    arrays: [calibration, thresholds, Float64Array.from(outcomes), ...rows.columns()],
  };
}

/**
 * The block's result of a bundle.
 * @throws Fault `INTERNAL` for a bundle of something else
 */
export function blockOfBundle(bundle: Parameters<typeof arrayOf>[0]): ClassBlockResult {
  const parsed = metaSchema.safeParse(bundle.meta);
  if (bundle.kind !== kind || !parsed.success)
    throw new Fault('INTERNAL', { reason: `a bundle of ${bundle.kind} was taken for one of ${kind}` });
  const { rows, ...meta } = parsed.data;
  const outcomes = arrayOf(bundle, 2, 'f64');
  return {
    ...meta,
    calibration: arrayOf(bundle, 0, 'f32'),
    thresholds: arrayOf(bundle, 1, 'f32'),
    classes: Array.from({ length: outcomes.length / outcomeColumns.length }, (_, index) =>
      outcomeAt(outcomes, index * outcomeColumns.length),
    ),
    rows: rowsOf(rows, bundle.arrays.slice(3)),
  };
}

function outcomeAt(outcomes: Float64Array, at: number): ClassOutcome {
  const [positives = 0, negatives = 0, average = NaN, shown = 0, right = 0, relevant = 0] = outcomes.subarray(
    at,
    at + outcomeColumns.length,
  );
  const averagePrecision = Number.isNaN(average) ? null : average;
  return { positives, negatives, averagePrecision, shown, right, relevant };
}

function rowsOf(rows: number, columns: readonly (Float32Array | Float64Array | Uint8Array)[]): RowSummaries {
  const summaries = new RowSummaries(rows);
  summaries.columns().forEach((target, index) => {
    const source = columns[index];
    if (source?.length !== target.length)
      throw new Fault('INTERNAL', { reason: `column ${String(index)} of a block's rows has another length` });
    target.set(source);
  });
  return summaries;
}
