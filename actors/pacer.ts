import { Fault } from '../src/base/errors.ts';
import type { Clock } from '../src/base/clock.ts';

/** Lets photos begin so many a second: what is let through at once is made up for before the next. */
export class Pacer {
  readonly #perSecond: number;
  readonly #clock: Clock;
  /** When the next may begin, monotonic. */
  #next = 0;

  /** @param perSecond - `Infinity` for no limit */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /**
   * Resolves when `photos` may begin; call it again only then.
   * @throws Fault `CANCELLED`, or the reason of `signal`
   */
  async pass(photos: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#next > now) await this.#wait(this.#next - now, signal);
    this.#next = Math.max(this.#next, now) + (1000 * photos) / this.#perSecond;
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        cancel();
        reject(signal.reason instanceof Error ? signal.reason : new Fault('CANCELLED', { what: 'run' }));
      };
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
