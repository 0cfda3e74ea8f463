/** A place for tasks. */
export interface Bin {
  readonly name: string;
  /** Tasks that it may have, at most. */
  readonly limit: number;
  /** Tasks of this kind that it has now. */
  readonly current: number;
  /** Tasks of any other kind that it has. */
  readonly load: number;
}

/**
 * How many of `tasks` each bin gets, by name: no two differ by more than one unless the smaller one is at its limit, and as
 * few move as that allows. What is left over goes to where one would have to move otherwise, then to the least loaded.
 */
export function evenShares(tasks: number, bins: readonly Bin[]): ReadonlyMap<string, number> {
  const level = levelOf(tasks, bins);
  const shares = new Map(bins.map(({ name, limit }) => [name, Math.min(limit, level)]));
  const placed = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const extras = bins
    .filter(({ limit }) => limit > level)
    .sort(
      (a, b) =>
        Number(b.current > level) - Number(a.current > level) ||
        a.load - b.load ||
        (a.name < b.name ? -1 : 1),
    )
    .slice(0, tasks - placed);
  for (const { name } of extras) shares.set(name, level + 1);
  return shares;
}

/** The share that every bin has, or its limit where that is lower; what is left then is less than one for each other bin. */
function levelOf(tasks: number, bins: readonly Bin[]): number {
  let left = tasks;
  let level = 0;
  const rising = [...bins].sort((a, b) => a.limit - b.limit);
  for (const [place, { limit }] of rising.entries()) {
    const open = rising.length - place;
    const rise = Math.min(limit - level, Math.floor(left / open));
    level += rise;
    left -= rise * open;
    if (level < limit) return level;
  }
  return level;
}
