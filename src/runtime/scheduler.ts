import { Queue } from './queue.ts';

/** Something that handles messages in small helpings. */
export interface Runnable {
  /** Set by the scheduler while it waits for its turn. */
  queued: boolean;
  /** Handles up to `limit` messages and returns how many it handled. */
  run(limit: number): number;
}

/** Messages one actor handles before the next actor has its turn. */
const messagesATurn = 32;
/** Messages all actors together handle before sockets, files and timers have theirs. */
const messagesALoop = 512;

/**
 * Runs actors that have something to do, in a fair order and in a loop rather than with a promise a message.
 *
 * It starts as a microtask; once the budget is spent it goes on in the next round of the event loop.
 */
export class Scheduler {
  readonly #ready = new Queue<Runnable>();
  #spent = 0;
  #awake = false;
  #renewing = false;

  /** Gives the actor a turn soon. */
  ready(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    this.#ready.push(runnable);
    this.#wake();
  }

  #wake(): void {
    if (this.#awake || this.#spent >= messagesALoop) return;
    this.#awake = true;
    queueMicrotask(this.#run);
  }

  readonly #run = (): void => {
    this.#awake = true;
    while (this.#spent < messagesALoop) {
      const runnable = this.#ready.shift();
      if (runnable === undefined) break;
      runnable.queued = false;
      const handled = runnable.run(messagesATurn);
      this.#spent += Math.max(handled, 1);
      if (handled === messagesATurn) this.ready(runnable);
    }
    this.#awake = false;
    this.#renew();
  };

  // The budget belongs to one round of the event loop, also when promises rather than messages wake the actors.
  #renew(): void {
    if (this.#renewing) return;
    this.#renewing = true;
    setImmediate(() => {
      this.#renewing = false;
      this.#spent = 0;
      if (this.#ready.length > 0) this.#run();
    });
  }
}
