/** Ends a timer that has not fired yet; harmless afterwards. */
export type CancelTimer = () => void;

/** Time, injected so that tests can turn it by hand. */
export interface Clock {
  /** Wall time, ms since the epoch: for people and records, never for durations. */
  now(): number;
  /** Time that never goes back, ms from an arbitrary start: for durations and windows. */
  monotonic(): number;
  /** Runs `action` once, `delayMs` from now. */
  after(delayMs: number, action: () => void): CancelTimer;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `delayMs` on the given clock. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
