/** Growing pauses between attempts, such as the restarts of a child. */
export interface Backoff {
  /** The first pause; doubled for each further one. */
  readonly initialMs: number;
  /** Longest pause. */
  readonly maxMs: number;
  /** A child that ran this long begins again at `initialMs`; default `maxMs`. */
  readonly resetAfterMs?: number;
}

/** The pause before attempt number `attempt` (from 0) in a row, ms. */
export function pauseMs(backoff: Pick<Backoff, 'initialMs' | 'maxMs'>, attempt: number): number {
  return Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(attempt, 30));
}
