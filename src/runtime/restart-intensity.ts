/** How many restarts a supervisor stands before it gives up itself. */
export interface Intensity {
  /** Restarts within the window that are still fine. */
  readonly maxRestarts: number;
  /** Length of the sliding window of monotonic time. */
  readonly windowMs: number;
}

/** OTP's default: a second restart within 5 s is too much. */
export const defaultIntensity: Intensity = { maxRestarts: 1, windowMs: 5_000 };

/** The restarts of one supervisor within its window. */
export class RestartIntensity {
  readonly #intensity: Intensity;
  #restarts: readonly number[] = [];

  constructor(intensity: Intensity) {
    this.#intensity = intensity;
  }

  /** Counts a restart at monotonic time `now`, in ms; `false` when it is one too many. */
  add(now: number): boolean {
    const { maxRestarts, windowMs } = this.#intensity;
    this.#restarts = [...this.#restarts.filter((then) => now - then <= windowMs), now];
    return this.#restarts.length <= maxRestarts;
  }
}
