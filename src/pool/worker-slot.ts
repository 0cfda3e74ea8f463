import { parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault, reasonOf } from '../base/errors.ts';
import { withResolver } from '../base/promise-resolver.ts';
import { threadEntry } from '../base/thread-entry.ts';
import type { ThreadEntry } from '../base/thread-entry.ts';
import { SlotBoard, placesPerThread } from './slot-board.ts';
import type {
  ModelHandle,
  PhotoTags,
  PhotoTask,
  ReadyTask,
  ThreadReply,
  ThreadSetup,
} from './thread-messages.ts';

/** What a slot needs to start its threads. */
export interface WorkerSlotOptions {
  readonly clock: Clock;
  readonly setup: Omit<ThreadSetup, 'board'>;
  /** Deadline of a photo in the thread, decoding included, ms. */
  readonly taskTimeoutMs: number;
  /** How long a thread may take to start, ms. Default 60,000. */
  readonly startTimeoutMs?: number;
  /** How long a killed thread may take to end before it counts as stuck, ms. */
  readonly endTimeoutMs?: number;
  /** Called for each killed thread that counts as stuck: only a new process gets rid of it. */
  readonly onStuck?: () => void;
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
  readonly reject: (lost: ThreadLost) => void;
  readonly cancelDeadline: CancelTimer;
}

/** The life of one thread: from a start to an exit. */
interface Thread {
  readonly pool: Piscina<PhotoTask | ReadyTask, ThreadReply<PhotoTags>>;
  readonly board: SlotBoard;
  readonly running: Set<Running>;
  /** Resolves when the operating system's thread has gone, which may be later than its loss. */
  readonly ended: Promise<undefined>;
  readonly onLost: (fault: Fault) => void;
  lost: boolean;
}

/** Objects of JavaScript only: photos and the kernel's memory are outside of this heap. */
const heapMib = 256;

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
    const { url, execArgv } = entryOf(this.#options);
    const pool = new Piscina<PhotoTask | ReadyTask, ThreadReply<PhotoTags>>({
      filename: fileURLToPath(url),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: placesPerThread,
      // A thread that blocks on an atomic while idle could not go on with a photo that libuv decodes.
      atomics: 'disabled',
      recordTiming: false,
      workerData: { ...this.#options.setup, board: board.buffer } satisfies ThreadSetup,
      resourceLimits: { maxOldGenerationSizeMb: heapMib },
      execArgv,
    });
    const { promise: exited, resolve: onLost } = withResolver<Fault>();
    const { promise: ended, resolve: onEnded } = withResolver<undefined>();
    const thread: Thread = { pool, board, running: new Set(), ended, onLost, lost: false };
    // Without a listener an error between two tasks would end the process.
    pool.on('error', (error: Error) => {
      this.#lose(thread, new Fault('WORKER_LOST', { reason: reasonOf(error) }));
    });
    pool.threads[0]?.once('exit', (code: number) => {
      onEnded(undefined);
      this.#lose(thread, new Fault('WORKER_LOST', { reason: `exit code ${String(code)}` }));
    });
    await this.#whenReady(thread, exited);
    this.#thread = thread;
    this.#wake();
    return { exited };
  }

  async #whenReady(thread: Thread, exited: Promise<Fault>): Promise<void> {
    const { clock, startTimeoutMs = 60_000 } = this.#options;
    const cancel = clock.after(startTimeoutMs, () => {
      this.#lose(thread, startFault(`it took longer than ${String(startTimeoutMs)} ms`));
    });
    try {
      const ready = thread.pool.run({ kind: 'ready' });
      const reply = await Promise.race([ready, exited]);
      if (reply instanceof Fault) throw reply;
      if (!reply.ok) throw Fault.fromWire(reply.fault);
    } catch (error) {
      const fault = startFault(error);
      this.#lose(thread, fault);
      throw fault;
    } finally {
      cancel();
    }
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
      const running: Running = { place, reject, cancelDeadline };
      thread.running.add(running);
      thread.pool
        .run(message, { transferList: [task.bytes] })
        .then(resolve, (error: unknown) => {
          // Piscina rejects with an error of no code when the thread exits: say which photo it was.
          this.#lose(thread, new Fault('WORKER_LOST', { reason: reasonOf(error) }));
        })
        .finally(() => {
          cancelDeadline();
          thread.running.delete(running);
          thread.board.set(place, 'empty');
          if (this.#thread === thread) this.#wake();
        });
    });
    if (!reply.ok) throw Fault.fromWire(reply.fault);
    return reply.value;
  }

  /** Ends the thread now, with whatever is in it; that is no photo's fault. */
  kill(reason = 'killed'): void {
    if (this.#thread !== undefined) this.#lose(this.#thread, new Fault('WORKER_LOST', { reason }), []);
  }

  /** A photo missed its deadline: if another one holds the kernel, that one is the culprit. */
  #miss(thread: Thread, place: number): void {
    const fault = new Fault('WORKER_DEADLINE', { timeoutMs: this.#options.taskTimeoutMs });
    const inKernel = thread.board.suspects().some((suspect) => thread.board.get(suspect) === 'kernel');
    this.#lose(thread, fault, inKernel ? undefined : [place]);
  }

  #lose(thread: Thread, fault: Fault, culprits: readonly number[] = thread.board.suspects()): void {
    if (thread.lost) return;
    thread.lost = true;
    if (this.#thread === thread) this.#thread = undefined;
    for (const { place, reject, cancelDeadline } of thread.running) {
      cancelDeadline();
      reject(new ThreadLost(fault, culprits.includes(place)));
    }
    thread.onLost(fault);
    this.#watchEnd(thread);
  }

  /** A decoder in libvips keeps its thread alive until it is done; a replacement may start before that. */
  #watchEnd(thread: Thread): void {
    const cancel = this.#options.clock.after(this.#options.endTimeoutMs ?? 10_000, () => {
      this.#options.onStuck?.();
    });
    void Promise.allSettled([thread.pool.destroy(), thread.ended]).then(cancel);
  }
}

function entryOf({ entry }: WorkerSlotOptions): ThreadEntry {
  return entry === undefined
    ? threadEntry('worker-entry', import.meta.url)
    : threadEntry(parse(entry.pathname).name, entry.href);
}

function startFault(problem: unknown): Fault {
  if (!(problem instanceof Fault)) return new Fault('WORKER_START', { reason: reasonOf(problem) }, problem);
  if (problem.code === 'WORKER_START') return problem;
  return new Fault('WORKER_START', { reason: problem.details['reason'] ?? problem.message }, problem);
}

function freePlace(thread: Thread): number | undefined {
  const taken = new Set(Array.from(thread.running, ({ place }) => place));
  return Array.from({ length: placesPerThread }, (_, place) => place).find((place) => !taken.has(place));
}
