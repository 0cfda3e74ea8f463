import { delay, systemClock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';

const retryDelayMs = 500;

/**
 * Does something with a store; one that is away is waited for, as the writer of uploads does.
 * @throws Fault of `work` for any other reason; the reason of `signal`
 */
export async function patiently<T>(
  work: () => Promise<T>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== 'STORE_UNAVAILABLE' && fault.code !== 'FEATURES_UNAVAILABLE') throw fault;
      log.warn({ fault: fault.toWire() }, 'the run goes on when the store is back');
      await delay(systemClock, retryDelayMs);
    }
  }
}
