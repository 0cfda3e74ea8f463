/** Growing pauses between the restarts of a child. */
export interface Backoff {
  /** Pause before the first restart; doubled for each further one. */
  readonly initialMs: number;
  /** Longest pause. */
  readonly maxMs: number;
  /** A child that ran this long begins again at `initialMs`; default `maxMs`. */
  readonly resetAfterMs?: number;
}

/** The pause before restart number `attempt` (from 0) in a row. */
export function pauseMs(backoff: Backoff, attempt: number): number {
  return Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(attempt, 30));
}
