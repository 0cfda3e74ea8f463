import { z } from 'zod';

/** Neighbouring classes: the first one's index, and how many. */
export const classRange = z.tuple([z.int().min(0), z.int().min(1)]);

/** See {@link classRange}. */
export type ClassRange = z.infer<typeof classRange>;

/** Classes, by rising index, as few ranges. */
export function rangesOf(classes: readonly number[]): ClassRange[] {
  const ranges: ClassRange[] = [];
  for (const index of classes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1] += 1;
    else ranges.push([index, 1]);
  }
  return ranges;
}

/** How many classes ranges hold. */
export function countOf(ranges: readonly ClassRange[]): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0);
}

/** The classes of ranges, one by one. */
export function classesOf(ranges: readonly ClassRange[]): number[] {
  return ranges.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index));
}

/**
 * Cuts classes into blocks of nearly equal size.
 *
 * @param blocks - how many blocks at most
 */
export function cutClasses(ranges: readonly ClassRange[], blocks: number): ClassRange[][] {
  const classes = classesOf(ranges);
  const number = Math.min(blocks, classes.length);
  return Array.from({ length: number }, (_, block) =>
    rangesOf(
      classes.slice(
        Math.floor((block * classes.length) / number),
        Math.floor(((block + 1) * classes.length) / number),
      ),
    ),
  );
}
