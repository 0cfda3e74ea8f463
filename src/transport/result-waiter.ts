import type { CancelTimer, Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { withResolver } from '../base/promise-resolver.ts';
import type { Connection } from './connection.ts';
import type { PhotoResult } from './payloads.ts';
import type { Submitted } from './photo-submitter.ts';
import { request } from './requests.ts';
import { listenToResults } from './result-publisher.ts';
import { Window } from './window.ts';

/** A photo that is about to be submitted. */
export interface ExpectedPhoto {
  readonly id: string;
  readonly file: string;
  /** Whether any stored result of this id will do, since the id stands for these very bytes. */
  readonly anyResult: boolean;
}

/** A photo whose result is waited for. */
export interface Expectation {
  readonly result: Promise<PhotoResult>;
  /** To be called when the photo is stored: from then on its time runs. */
  acknowledged(submitted: Submitted): void;
  /** To be called if it was not: its result never settles. */
  cancel(): void;
}

interface Waiting extends ExpectedPhoto {
  readonly resolve: (result: PhotoResult) => void;
  submitted: Submitted | undefined;
  deadline: number;
  pauseMs: number;
  cancelTimer: CancelTimer;
}

const firstAskMs = 5_000;
const duplicateAskMs = 500;
const longestPauseMs = 30_000;
const asksAtOnce = 8;

/**
 * Waits for the results of photos. They come as events, which nobody keeps: what is missing after a while, after the
 * connection broke, or because the photo was already queued by somebody else, is asked for.
 */
export class ResultWaiter {
  /** The token under which the photos are to be submitted. */
  readonly client = randomId();
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<Waiting>>();
  readonly #asks = new Window({ count: asksAtOnce });
  readonly #stop: () => void;
  readonly #listening: Promise<void>;

  private constructor(connection: Connection, timeoutMs: number, clock: Clock) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    const onResult = (result: PhotoResult) => {
      this.#settle(result.id, result);
    };
    // What cannot be read is as good as lost: it is asked for.
    const events = listenToResults(connection, this.client, onResult, () => undefined);
    this.#listening = events.ready;
    const endReconnects = connection.on((event) => {
      if (event.type === 'reconnected') this.#askForAll();
    });
    this.#stop = () => {
      events.stop();
      endReconnects();
    };
  }

  /**
   * Starts to listen; resolves when photos may be submitted.
   * @param timeoutMs - how long a stored photo may be without a result
   */
  static async open(connection: Connection, timeoutMs: number, clock = systemClock): Promise<ResultWaiter> {
    const waiter = new ResultWaiter(connection, timeoutMs, clock);
    await waiter.#listening;
    return waiter;
  }

  /** Announces a photo, before it is submitted: its result may be there before the answer to the submit. */
  expect(photo: ExpectedPhoto): Expectation {
    const { promise, resolve } = withResolver<PhotoResult>();
    const waiting: Waiting = {
      ...photo,
      resolve,
      submitted: undefined,
      deadline: Infinity,
      pauseMs: firstAskMs,
      cancelTimer: () => undefined,
    };
    const same = this.#waiting.get(photo.id);
    if (same === undefined) this.#waiting.set(photo.id, new Set([waiting]));
    else same.add(waiting);
    return {
      result: promise,
      acknowledged: (submitted) => {
        this.#acknowledged(waiting, submitted);
      },
      cancel: () => {
        this.#forget(waiting);
      },
    };
  }

  /** Stops listening and asking. */
  close(): void {
    this.#stop();
    for (const waiting of this.#all()) this.#forget(waiting);
  }

  #acknowledged(waiting: Waiting, submitted: Submitted): void {
    if (!this.#isWaiting(waiting)) return;
    waiting.submitted = submitted;
    waiting.deadline = this.#clock.monotonic() + this.#timeoutMs;
    if (submitted.duplicate) waiting.pauseMs = duplicateAskMs;
    this.#askLater(waiting, submitted.duplicate ? 0 : firstAskMs);
  }

  #askForAll(): void {
    for (const waiting of this.#all()) {
      if (waiting.submitted === undefined) continue;
      waiting.pauseMs = firstAskMs;
      this.#askLater(waiting, 0);
    }
  }

  #askLater(waiting: Waiting, pauseMs: number): void {
    const untilDeadline = Math.max(waiting.deadline - this.#clock.monotonic(), 0);
    waiting.cancelTimer();
    waiting.cancelTimer = this.#clock.after(Math.min(pauseMs, untilDeadline), () => {
      void this.#ask(waiting);
    });
  }

  async #ask(waiting: Waiting): Promise<void> {
    await this.#asks.enter();
    const answer = await this.#answerFor(waiting).finally(() => {
      this.#asks.leave();
    });
    if (!this.#isWaiting(waiting)) return;
    if (answer !== undefined) this.#settleOne(waiting, answer);
    else if (this.#clock.monotonic() >= waiting.deadline)
      this.#settleOne(waiting, failure(waiting, new Fault('RESULT_TIMEOUT', { timeoutMs: this.#timeoutMs })));
    else {
      this.#askLater(waiting, waiting.pauseMs);
      waiting.pauseMs = Math.min(waiting.pauseMs * 2, longestPauseMs);
    }
  }

  /** What became of a photo, or `undefined` as long as nobody knows. */
  async #answerFor(waiting: Waiting): Promise<PhotoResult | undefined> {
    if (!this.#isWaiting(waiting)) return undefined;
    try {
      // Before the result is read: only then is a stored result the one of this submit.
      const isLatest = waiting.anyResult || (await this.#isQueueEmpty());
      const { result, dead } = await request(this.#connection, 'photo', {}, { id: waiting.id });
      const ours = dead.find(({ client }) => client === this.client);
      if (ours !== undefined) return { id: waiting.id, error: { code: ours.code, message: ours.message } };
      if (result !== undefined) return isLatest ? result : undefined;
      // The same photo, submitted by another a moment ago, had no luck.
      const theirs = waiting.submitted?.duplicate === true ? dead.at(-1) : undefined;
      return theirs === undefined
        ? undefined
        : { id: waiting.id, error: { code: theirs.code, message: theirs.message } };
    } catch (error) {
      const fault = Fault.from(error);
      return fault.disposition === 'terminal' ? failure(waiting, fault) : undefined;
    }
  }

  async #isQueueEmpty(): Promise<boolean> {
    const { queue } = await request(this.#connection, 'status', {}, {});
    return queue.photos === 0;
  }

  #settle(id: string, result: PhotoResult): void {
    for (const waiting of [...(this.#waiting.get(id) ?? [])]) this.#settleOne(waiting, result);
  }

  // The same photo may have several files: each is told its own.
  #settleOne(waiting: Waiting, result: PhotoResult): void {
    this.#forget(waiting);
    const { id, file, resolve } = waiting;
    resolve({ ...result, id, file });
  }

  #forget(waiting: Waiting): void {
    waiting.cancelTimer();
    const same = this.#waiting.get(waiting.id);
    same?.delete(waiting);
    if (same?.size === 0) this.#waiting.delete(waiting.id);
  }

  #isWaiting(waiting: Waiting): boolean {
    return this.#waiting.get(waiting.id)?.has(waiting) === true;
  }

  #all(): Waiting[] {
    return [...this.#waiting.values()].flatMap((same) => [...same]);
  }
}

function failure({ id, file }: ExpectedPhoto, { code, message }: Fault): PhotoResult {
  return { id, file, error: { code, message } };
}
