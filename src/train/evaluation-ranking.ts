import { Fault } from '../base/errors.ts';

/** Labelled rows of one class, by falling margin. */
export interface Ranking {
  /** `Float32Array [labelled rows]`, falling. */
  readonly margins: Float32Array;
  /** `Int8Array [labelled rows]`, +1 or −1. */
  readonly labels: Int8Array;
  /** `Uint32Array [labelled rows]`, which row each is. */
  readonly rows: Uint32Array;
}

/** Margins and labels of a block of classes, `[rows × classes]`, row-major. */
export interface LabelledMargins {
  readonly rows: number;
  readonly classes: number;
  readonly margins: Float32Array;
  readonly labels: Int8Array;
}

/** A sort key is a margin's 32 bits above a row number of so many. */
const rowLimit = 2 ** 20;

/**
 * Ranks the labelled rows of one class; equal margins stay in row order.
 * @throws Fault `INTERNAL` for more rows than fit, or for a labelled margin that is no finite number
 */
export function rankRows({ rows, classes, margins, labels }: LabelledMargins, index: number): Ranking {
  if (rows > rowLimit) throw new Fault('INTERNAL', { reason: `${String(rows)} held-out rows are too many` });
  const keys = new Float64Array(rows);
  const column = new Float32Array(rows);
  const columnLabels = new Int8Array(rows);
  const bits = new Uint32Array(column.buffer);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const at = row * classes + index;
    const label = labels[at] ?? 0;
    if (label === 0) continue;
    // -0 becomes 0.
    column[row] = (margins[at] ?? NaN) + 0;
    columnLabels[row] = label;
    keys[count++] = fallingBits(bits[row] ?? 0) * rowLimit + row;
  }
  const order = keys.subarray(0, count).sort();
  const ranking = emptyRanking(count);
  for (let rank = 0; rank < count; rank++) copyRow(ranking, rank, (order[rank] ?? 0) % rowLimit);
  return ranking;

  function copyRow(target: Ranking, rank: number, row: number): void {
    const margin = column[row] ?? NaN;
    if (!Number.isFinite(margin))
      throw new Fault('INTERNAL', {
        reason: `the margin of class ${String(index)} at row ${String(row)} is no finite number`,
      });
    target.margins[rank] = margin;
    target.labels[rank] = columnLabels[row] ?? 0;
    target.rows[rank] = row;
  }
}

/** An unsigned number that falls as the float of these bits rises, so that floats sort without a comparison function. */
function fallingBits(bits: number): number {
  return bits >= 0x80000000 ? bits : 0x7fffffff - bits;
}

function emptyRanking(count: number): Ranking {
  return { margins: new Float32Array(count), labels: new Int8Array(count), rows: new Uint32Array(count) };
}

/** The rows of a ranking with even (0) or with odd (1) numbers. */
export function halfOf({ margins, labels, rows }: Ranking, parity: number): Ranking {
  const half = emptyRanking(rows.length);
  let count = 0;
  for (let rank = 0; rank < rows.length; rank++) {
    const row = rows[rank] ?? 0;
    if (row % 2 !== parity) continue;
    half.margins[count] = margins[rank] ?? 0;
    half.labels[count] = labels[rank] ?? 0;
    half.rows[count++] = row;
  }
  return {
    margins: half.margins.slice(0, count),
    labels: half.labels.slice(0, count),
    rows: half.rows.slice(0, count),
  };
}

/**
 * Average precision: Σ (recall − recall before) · precision over the distinct margins, falling, without interpolation, as
 * scikit-learn's `average_precision_score` has it. Rows of equal margins come in together, so that their order is of no matter.
 *
 * @returns `undefined` if there is no positive or no negative
 */
export function averagePrecision({
  margins,
  labels,
}: Pick<Ranking, 'margins' | 'labels'>): number | undefined {
  let positives = 0;
  let newPositives = 0;
  let sum = 0;
  for (let rank = 0; rank < margins.length; rank++) {
    if ((labels[rank] ?? 0) > 0) newPositives++;
    if (margins[rank] === margins[rank + 1]) continue;
    positives += newPositives;
    sum += newPositives * (positives / (rank + 1));
    newPositives = 0;
  }
  return positives === 0 || positives === labels.length ? undefined : sum / positives;
}
