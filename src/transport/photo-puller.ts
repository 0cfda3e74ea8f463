import type { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage, Pull } from './photo-consumer.ts';
import { PhotoDelivery } from './photo-delivery.ts';

/** How to pull. */
export interface PullOptions {
  /** Photos under lease at once: delivered or asked for, and not yet settled. */
  readonly window: number;
  /** Told about pulls that failed and are tried again, such as while the consumer is away. */
  readonly onTrouble?: (fault: Fault) => void;
}

/** What the puller needs from the queue. */
export interface PullSource {
  readonly connection: Connection;
  /** Creation time of the stream, ms since the epoch. */
  epoch(): number;
  /** Asks for `count` photos. */
  request(count: number): Promise<Pull>;
  /** Looks for the consumer again, since a pull failed. */
  reset(): void;
}

const graceMs = 250;
const longestPauseMs = 2_000;

/**
 * Pulls photos against credit: never asks for more than fit into the window beside those not yet settled, so that no
 * lease runs while a photo waits in this process for its turn.
 *
 * Every ended pull is followed by another, whatever ended it: time, a restarted server, a deleted consumer.
 */
export class PhotoPuller {
  /** Resolves when it has ended: to nothing after {@link stop}, else to the fault that no retry mends. */
  readonly closed: Promise<Fault | undefined>;
  readonly #source: PullSource;
  readonly #onPhoto: (photo: PhotoDelivery) => void;
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

  constructor(source: PullSource, onPhoto: (photo: PhotoDelivery) => void, options: PullOptions) {
    this.#source = source;
    this.#onPhoto = onPhoto;
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

  /** Photos delivered and not yet settled. */
  get held(): number {
    return this.#held;
  }

  /** Changes the window; a smaller one is reached as photos are settled. */
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

  /** Stops pulling. Photos on their way are handed back; the delivered ones stay with their owner. */
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
      const pull = await this.#source.request(credit);
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
    const photo = new PhotoDelivery(this.#source.connection, message, this.#source.epoch(), () => {
      this.#held -= 1;
      this.#fill();
    });
    if (this.#stopped) photo.retry();
    else this.#onPhoto(photo);
  }

  #trouble(error: unknown): void {
    this.#source.reset();
    if (this.#stopped || !this.#source.connection.connected) return;
    const fault = this.#source.connection.fault(error, 'the queue of photos');
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
      Math.min(50 * 2 ** this.#troubles, longestPauseMs),
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
