/** A time in the unit that suits it: `340 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3_600) return `${String(Math.floor(seconds / 60))} min ${String(Math.floor(seconds % 60))} s`;
  const minutes = Math.floor(seconds / 60);
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}
