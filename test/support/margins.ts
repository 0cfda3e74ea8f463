import { seeded } from './random.ts';

/** Margins and labels of many classes, as held-out photos have them. */
export interface MarginSample {
  readonly rows: number;
  readonly classes: number;
  readonly margins: Float32Array;
  readonly labels: Int8Array;
}

/**
 * Two normal distributions a class: negatives around −1, positives `separation` deviations above.
 *
 * @param shares - of positives, class by class
 */
export function marginSample(
  rows: number,
  shares: readonly number[],
  { seed = 1, separation = 2 }: { readonly seed?: number; readonly separation?: number } = {},
): MarginSample {
  const random = seeded(seed);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
  const classes = shares.length;
  const margins = new Float32Array(rows * classes);
  const labels = new Int8Array(rows * classes);
  for (let at = 0; at < margins.length; at++) {
    const positive = random.fraction() < (shares[at % classes] ?? 0);
    labels[at] = positive ? 1 : -1;
    margins[at] = -1 + 0.5 * (normal() + (positive ? separation : 0));
  }
  return { rows, classes, margins, labels };
}

/** Photo ids or class names: a prefix and a number. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index)}`);
}
