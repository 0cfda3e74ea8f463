import type { LabelBlockReader } from '../model/training-set/label-block.ts';
import { countOf, type ClassRange } from './class-range.ts';

/**
 * The labels of some rows for ranges of classes.
 *
 * @param target - at least `[rows × classes]`; filled row after row
 * @returns `Int8Array [rows × classes]`, a view of it: 1, −1, or 0 where there is no label
 */
export function fillTargets(
  labels: LabelBlockReader,
  { first, rows }: { readonly first: number; readonly rows: number },
  ranges: readonly ClassRange[],
  target: Int8Array,
): Int8Array {
  const classes = countOf(ranges);
  const filled = target.subarray(0, rows * classes);
  const only = ranges.length === 1 ? ranges[0] : undefined;
  if (only !== undefined) {
    labels.fill(first, rows, only[0], only[1], filled);
    return filled;
  }
  let offset = 0;
  for (const [firstClass, count] of ranges) {
    const part = new Int8Array(rows * count);
    labels.fill(first, rows, firstClass, count, part);
    for (let row = 0; row < rows; row += 1)
      filled.set(part.subarray(row * count, (row + 1) * count), row * classes + offset);
    offset += count;
  }
  return filled;
}
