/** A figure that was taken several times. */
export interface FigureSummary {
  readonly n: number;
  readonly median: number;
  readonly worst: number;
  /** All of them, in their order. */
  readonly values: readonly number[];
}

/** Figures that faults take down while they are done. */
export class Figures {
  readonly #values = new Map<string, number[]>();

  /** Takes one down. */
  readonly add = (what: string, value: number): void => {
    this.#values.set(what, [...(this.#values.get(what) ?? []), Math.round(value)]);
  };

  /** Each of them, over all of its values. */
  summaries(): Record<string, FigureSummary> {
    return Object.fromEntries(Array.from(this.#values, ([what, values]) => [what, summaryOf(values)]));
  }

  /** Those that are beyond their bound, or were never taken though they have one. */
  beyond(bounds: Readonly<Record<string, number>> = {}): string[] {
    return Object.entries(bounds).flatMap(([what, bound]) => {
      const worst = Math.max(...(this.#values.get(what) ?? [Infinity]));
      return worst <= bound ? [] : [`${what}: ${String(worst)}, more than ${String(bound)}`];
    });
  }
}

function summaryOf(values: readonly number[]): FigureSummary {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = [sorted[(sorted.length - 1) >> 1] ?? NaN, sorted[sorted.length >> 1] ?? NaN] as const;
  return { n: values.length, median: (middle[0] + middle[1]) / 2, worst: sorted.at(-1) ?? NaN, values };
}
