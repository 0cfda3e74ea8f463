import { pauseMs } from '../base/backoff.ts';
import type { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage, DurableConsumer, Pull } from './durable-consumer.ts';
import type { Lease } from './lease.ts';

/** How to pull. */
export interface PullOptions {
  /** Messages under lease at once: delivered or asked for, and not yet settled. */
  readonly window: number;
  /** Told about pulls that failed and are tried again, such as while the consumer is away. */
  readonly onTrouble?: (fault: Fault) => void;
}

/** Where a puller gets its messages. */
export interface PullSource<Delivery extends Lease> {
  readonly connection: Connection;
  readonly consumer: DurableConsumer;
  /** What faults call it. */
  readonly what: string;
  /** Makes a delivery of a message; `onSettled` is for its lease. */
  readonly open: (message: DeliveredMessage, onSettled: () => void) => Delivery;
}

const graceMs = 250;
const retry = { initialMs: 100, maxMs: 2_000 };

/**
 * Pulls messages against credit: never asks for more than fit into the window beside those not yet settled, so that no
 * lease runs while one waits in this process for its turn.
 *
 * Every ended pull is followed by another, whatever ended it: time, a restarted server, a deleted consumer.
 */
export class Puller<Delivery extends Lease> {
  /** Resolves when it has ended: to nothing after {@link stop}, else to the fault that no retry mends. */
  readonly closed: Promise<Fault | undefined>;
  readonly #source: PullSource<Delivery>;
  readonly #onDelivery: (delivery: Delivery) => void;
  readonly #onTrouble: (fault: Fault) => void;
  readonly #pulls = new Set<Pull>();
  readonly #endListening: () => void;
  #close: (reason: Fault | undefined) => void = () => undefined;
  #window: number;
  #held = 0;
  #asked = 0;
  #troubles = 0;
  #resting = false;
  #paused = false;
  #stopped = false;

  constructor(source: PullSource<Delivery>, onDelivery: (delivery: Delivery) => void, options: PullOptions) {
    this.#source = source;
    this.#onDelivery = onDelivery;
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#window = options.window;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.#endListening = source.connection.on((event) => {
      // The client repeats a broken pull at its full size, which would overrun the window: ours start afresh.
      if (event.type === 'disconnected') this.#endPulls();
      if (event.type === 'reconnected') this.#fill();
    });
    void source.connection.closed.then((reason) => {
      this.#end(reason);
    });
    this.#fill();
  }

  /** Messages delivered and not yet settled. */
  get held(): number {
    return this.#held;
  }

  /** Changes the window; a smaller one is reached as messages are settled. */
  resize(window: number): void {
    this.#window = window;
    this.#fill();
  }

  /** Asks for no more until {@link resume}; what was asked for (at most the window) may still come. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.#paused = false;
    this.#fill();
  }

  /** Stops pulling. Messages on their way are handed back; the delivered ones stay with their owner. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const deadline = performance.now() + graceMs;
    while (this.#asked > 0 && this.#source.connection.connected && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    this.#end(undefined);
  }

  #fill(): void {
    if (this.#stopped || this.#paused || this.#resting || !this.#source.connection.connected) return;
    const credit = this.#window - this.#held - this.#asked;
    // A pull is a round trip: wait for a quarter of the window, unless none is under way.
    if (credit >= Math.max(1, this.#window / 4) || (credit > 0 && this.#asked === 0)) void this.#pull(credit);
  }

  async #pull(credit: number): Promise<void> {
    let left = credit;
    this.#asked += credit;
    try {
      const pull = await this.#source.consumer.pull(credit);
      this.#pulls.add(pull);
      try {
        for await (const message of pull) {
          left -= 1;
          this.#asked -= 1;
          this.#deliver(message);
          if (left === 0) break;
        }
      } finally {
        this.#pulls.delete(pull);
      }
    } catch (error) {
      this.#trouble(error);
    } finally {
      this.#asked -= left;
      this.#fill();
    }
  }

  #deliver(message: DeliveredMessage): void {
    this.#troubles = 0;
    this.#held += 1;
    const delivery = this.#source.open(message, () => {
      this.#held -= 1;
      this.#fill();
    });
    if (this.#stopped) delivery.retry();
    else this.#onDelivery(delivery);
  }

  #trouble(error: unknown): void {
    this.#source.consumer.reset();
    if (this.#stopped || !this.#source.connection.connected) return;
    const fault = this.#source.connection.fault(error, this.#source.what);
    if (fault.disposition === 'terminal') {
      this.#end(fault);
      return;
    }
    this.#onTrouble(fault);
    this.#resting = true;
    this.#troubles += 1;
    setTimeout(
      () => {
        this.#resting = false;
        this.#fill();
      },
      pauseMs(retry, this.#troubles - 1),
    );
  }

  #endPulls(): void {
    for (const pull of this.#pulls) pull.stop();
  }

  #end(reason: Fault | undefined): void {
    this.#stopped = true;
    this.#endListening();
    this.#endPulls();
    this.#close(reason);
  }
}
