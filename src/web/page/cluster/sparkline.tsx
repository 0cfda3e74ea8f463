interface SparklineOptions {
  /** The latest last. */
  readonly values: readonly number[];
  readonly label: string;
}

const height = 40;

/** The course of a quantity, without axes. */
export function Sparkline({ values, label }: SparklineOptions) {
  const highest = Math.max(...values, 1);
  const points = values.map(
    (value, index) => `${String(index)},${(height - (value / highest) * (height - 2)).toFixed(1)}`,
  );
  const width = values.length - 1;
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${String(width)} ${String(height)}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={`0,${String(height)} ${points.join(' ')} ${String(width)},${String(height)}`} />
      <polyline points={points.join(' ')} />
    </svg>
  );
}
