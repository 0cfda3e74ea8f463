import type { CancelTimer } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { withResolver } from '../base/promise-resolver.ts';
import { builtEntry } from '../base/built-entry.ts';
import { PoolThread, type ThreadTimes } from './pool-thread.ts';
import { SlotBoard, placesPerThread } from './slot-board.ts';
import type { ModelHandle } from '../model/model-scorer.ts';
import type { PhotoTags, PhotoTask, ThreadReply, ThreadSetup } from './thread-messages.ts';

/** What a slot needs to start its threads. */
export interface WorkerSlotOptions extends ThreadTimes {
  readonly setup: Omit<ThreadSetup, 'board'>;
  /** Deadline of a photo in the thread, decoding included, ms. */
  readonly taskTimeoutMs: number;
  /** The thread's code; default the photo tagger, `worker-entry`. */
  readonly entry?: URL | undefined;
}

/** One photo for {@link WorkerSlot.run}. */
export interface SlotTask {
  /** The photo's bytes; moved to the thread, so that this buffer is empty afterwards. */
  readonly bytes: ArrayBuffer;
  readonly model: ModelHandle;
  /** See {@link PhotoTask.top}. */
  readonly top: number;
}

/** A photo's thread was lost with it. `charged` tells whether this photo may have been the reason. */
export class ThreadLost extends Error {
  readonly fault: Fault;
  readonly charged: boolean;

  constructor(fault: Fault, charged: boolean) {
    super(fault.message);
    this.fault = fault;
    this.charged = charged;
  }
}

interface Running {
  readonly place: number;
  /** Monotonic time, ms. */
  readonly since: number;
  readonly reject: (lost: ThreadLost) => void;
  readonly cancelDeadline: CancelTimer;
}

/** One thread of a slot, and what is in it. */
interface Thread {
  readonly pooled: PoolThread<PhotoTask, PhotoTags>;
  readonly board: SlotBoard;
  readonly running: Set<Running>;
}

/**
 * The identity of one worker thread, which outlives the threads that fill it.
 *
 * A supervisor starts it again when its thread has ended. Photos that were in a lost thread are rejected with
 * {@link ThreadLost}; everything a thread holds dies with it, since it shares nothing that it can write but its board.
 */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  #thread: Thread | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  /** Whether it has a thread now. */
  get started(): boolean {
    return this.#thread !== undefined;
  }

  /** How many more photos the thread takes now. */
  get free(): number {
    return this.#thread === undefined ? 0 : placesPerThread - this.#thread.running.size;
  }

  /** What is in the thread: how far each photo is, and for how long it has been there. */
  describe(): unknown {
    const photos = Array.from(this.#thread?.running ?? [], ({ place, since }) => ({
      stage: this.#thread?.board.get(place),
      forMs: Math.round(this.#options.clock.monotonic() - since),
    }));
    return { free: this.free, photos };
  }

  /** Resolves when {@link free} is above 0, whoever gave a place back; somebody else may be faster to take it. */
  whenFree(): Promise<void> {
    if (this.free > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /**
   * Starts a thread and waits until it can take photos.
   * @returns a promise of the reason for which it ended
   * @throws Fault `WORKER_START`
   */
  async start(): Promise<{ readonly exited: Promise<Fault> }> {
    const board = new SlotBoard();
    const { promise: exited, resolve: onExited } = withResolver<Fault>();
    const pooled = new PoolThread<PhotoTask, PhotoTags>({
      ...this.#options,
      entry: this.#options.entry ?? builtEntry('worker-entry', import.meta.url),
      workerData: { ...this.#options.setup, board: board.buffer } satisfies ThreadSetup,
      places: placesPerThread,
      onLost: (fault) => {
        this.#forget(thread, fault, board.suspects());
        onExited(fault);
      },
    });
    const thread: Thread = { pooled, board, running: new Set() };
    await pooled.whenReady(exited);
    this.#thread = thread;
    this.#wake();
    return { exited };
  }

  /**
   * Tags one photo. Call it only when {@link free} is above 0: the deadline starts at once.
   * @throws Fault of the photo, or {@link ThreadLost}
   */
  async run(task: SlotTask): Promise<PhotoTags> {
    const thread = this.#thread;
    const place = thread === undefined ? undefined : freePlace(thread);
    if (thread === undefined || place === undefined)
      throw new ThreadLost(new Fault('WORKER_LOST', { reason: 'no thread was free' }), false);
    const message: PhotoTask = { kind: 'photo', place, ...task };
    const reply = await new Promise<ThreadReply<PhotoTags>>((resolve, reject) => {
      const cancelDeadline = this.#options.clock.after(this.#options.taskTimeoutMs, () => {
        this.#miss(thread, place);
      });
      const since = this.#options.clock.monotonic();
      const running: Running = { place, since, reject, cancelDeadline };
      thread.running.add(running);
      void thread.pooled.run(message, [task.bytes]).then((answer) => {
        cancelDeadline();
        thread.running.delete(running);
        thread.board.set(place, 'empty');
        if (this.#thread === thread) this.#wake();
        resolve(answer);
      });
    });
    if (!reply.ok) throw Fault.fromWire(reply.fault);
    return reply.value;
  }

  /** Ends the thread now, with whatever is in it; that is no photo's fault. */
  kill(reason = 'killed'): void {
    if (this.#thread !== undefined) this.#lose(this.#thread, new Fault('WORKER_LOST', { reason }), []);
  }

  /**
   * A photo missed its deadline. One that has had the kernel for most of that time is the culprit: it keeps others waiting,
   * whose decoding may have been done. One that has come since is not: the thread took it while the other was decoded.
   */
  #miss(thread: Thread, place: number): void {
    const { clock, taskTimeoutMs } = this.#options;
    const fault = new Fault('WORKER_DEADLINE', { timeoutMs: taskTimeoutMs });
    const came = clock.monotonic() - taskTimeoutMs / 2;
    const holders = [...thread.running].filter(
      (running) => running.since <= came && thread.board.get(running.place) === 'kernel',
    );
    this.#lose(thread, fault, holders.length > 0 ? holders.map((holder) => holder.place) : [place]);
  }

  #lose(thread: Thread, fault: Fault, culprits: readonly number[] = thread.board.suspects()): void {
    this.#forget(thread, fault, culprits);
    thread.pooled.lose(fault);
  }

  /** Rejects what is in a lost thread, once. */
  #forget(thread: Thread, fault: Fault, culprits: readonly number[]): void {
    if (this.#thread === thread) this.#thread = undefined;
    for (const { place, reject, cancelDeadline } of thread.running) {
      cancelDeadline();
      reject(new ThreadLost(fault, culprits.includes(place)));
    }
    thread.running.clear();
  }
}

function freePlace(thread: Thread): number | undefined {
  const taken = new Set(Array.from(thread.running, ({ place }) => place));
  return Array.from({ length: placesPerThread }, (_, place) => place).find((place) => !taken.has(place));
}
