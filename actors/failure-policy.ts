import type { Clock } from '../src/base/clock.ts';
import { delay } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { Metrics } from '../src/base/metrics.ts';
import type { Attempts } from '../src/transport/attempts.ts';
import type { DeadLetters } from '../src/transport/dead-letters.ts';
import type { PhotoDelivery } from '../src/transport/photo-delivery.ts';
import type { ResultPublisher } from '../src/transport/result-publisher.ts';

/** A photo that was handed out so often, whoever was charged, does not go round any longer. */
const maxDeliveries = 20;
const firstRetryDelayMs = 100;
const buryAgainMs = 1_000;

/** What the policy works with. */
export interface FailurePolicyOptions {
  readonly attempts: Attempts;
  readonly deadLetters: DeadLetters;
  readonly results: ResultPublisher;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly maxAttempts: number;
}

/** Decides what becomes of a photo that could not be tagged: tried again, or a dead letter with its bytes. */
export class FailurePolicy {
  readonly #options: FailurePolicyOptions;

  constructor(options: FailurePolicyOptions) {
    this.#options = options;
  }

  /** Why a photo is not even tried: its envelope is wrong, or it was delivered too often. */
  refusal(delivery: PhotoDelivery): Fault | undefined {
    if (delivery.fault !== undefined) return delivery.fault;
    if (delivery.deliveryCount <= maxDeliveries) return undefined;
    return new Fault('ATTEMPTS_EXHAUSTED', {
      attempts: delivery.deliveryCount - 1,
      reason: 'it was handed back each time.',
    });
  }

  /**
   * Settles a photo after a failed attempt; never rejects.
   * @param charged - whether the photo may be the reason; the others of a lost thread are not
   */
  async settle(delivery: PhotoDelivery, fault: Fault, charged: boolean): Promise<void> {
    try {
      if (fault.disposition === 'terminal') await this.#bury(delivery, fault, 1);
      else if (charged) await this.#charge(delivery, fault);
      else this.#return(delivery);
    } catch (error) {
      // Its lease runs out, and whoever gets it next tries again.
      this.#options.log.error(
        { fault: Fault.from(error).toWire(), id: delivery.id },
        'a failed photo was not settled',
      );
      delivery.abandon();
    }
  }

  async #charge(delivery: PhotoDelivery, fault: Fault): Promise<void> {
    const { attempts, maxAttempts, log } = this.#options;
    const count = await attempts.charge(delivery, fault);
    log.warn({ fault: fault.toWire(), id: delivery.id, attempt: count }, 'a photo failed');
    if (count < maxAttempts) {
      this.#return(delivery, firstRetryDelayMs * 2 ** (count - 1));
      return;
    }
    const exhausted = new Fault('ATTEMPTS_EXHAUSTED', { attempts: count, reason: fault.message });
    await this.#bury(delivery, exhausted, count);
    await attempts.clear(delivery);
  }

  #return(delivery: PhotoDelivery, delayMs?: number): void {
    delivery.retry(delayMs);
    this.#options.metrics.photos.inc({ outcome: 'returned' });
  }

  async #bury(delivery: PhotoDelivery, fault: Fault, attempts: number): Promise<void> {
    const { deadLetters, results, metrics, log, clock } = this.#options;
    for (;;) {
      try {
        await deadLetters.bury(delivery, { fault, attempts });
        break;
      } catch (error) {
        // The stream of dead letters is full or away: the photo stays under lease until it can be kept.
        log.error(
          { fault: Fault.from(error).toWire(), id: delivery.id },
          'a dead letter was not kept; trying again',
        );
        await delay(clock, buryAgainMs);
        if (delivery.settled) return;
      }
    }
    metrics.photos.inc({ outcome: 'dead' });
    log.warn({ fault: fault.toWire(), id: delivery.id }, 'a photo is a dead letter');
    results.publish(delivery, { error: { code: fault.code, message: fault.message } });
  }
}
