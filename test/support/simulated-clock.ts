import type { CancelTimer, Clock } from '../../src/base/clock.ts';

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** Rounds of the event loop after which nothing that does no I/O is still under way. */
const roundsToSettle = 6;

/** A clock that stands still until it is told how far to go. */
export class SimulatedClock implements Clock {
  readonly #epoch: number;
  #elapsed = 0;
  #timers: Timer[] = [];

  constructor(epoch = Date.UTC(2020, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delayMs: number, action: () => void): CancelTimer {
    const timer: Timer = { at: this.#elapsed + Math.max(0, delayMs), action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets promises and immediates run until nothing moves without time. */
  async settle(): Promise<void> {
    for (let round = 0; round < roundsToSettle; round += 1)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  }

  /** Goes `ms` ahead, firing timers in the order of their time; each has settled before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers = this.#timers.filter((other) => other !== timer);
      this.#elapsed = timer.at;
      timer.action();
      await this.settle();
    }
    this.#elapsed = end;
  }

  // Of timers for the same moment, the one set first.
  #next(end: number): Timer | undefined {
    const due = this.#timers.filter(({ at }) => at <= end);
    return due.length === 0 ? undefined : due.reduce((first, timer) => (timer.at < first.at ? timer : first));
  }
}
