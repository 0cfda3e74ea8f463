import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CancelTimer } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { withResolver } from '../base/promise-resolver.ts';
import { builtEntry } from '../base/built-entry.ts';
import type { ModelHandle } from '../model/model-scorer.ts';
import type { Task, TaskProgress, TaskResult } from '../train/task.ts';
import { JobBoard } from './job-board.ts';
import type { Job, JobSetup } from './job-messages.ts';
import { PoolThread, type ThreadTimes } from './pool-thread.ts';
import type { ThreadReply } from './thread-messages.ts';

/** What a slot needs to start its threads. */
export interface JobSlotOptions extends ThreadTimes {
  readonly setup: JobSetup;
  /** Folder of the blob store that tasks read from and write to, unless they say otherwise. */
  readonly blobs: string;
  /** Folder for temporary files. */
  readonly scratch: string;
  /** An idle thread is ended after this, so that its memory comes back: that of a kernel never shrinks. Default 60,000 ms. */
  readonly idleMs?: number;
  /** How long a cancelled task may go on before its thread is ended. Default 5,000 ms. */
  readonly graceMs?: number;
  /** A task whose progress stands still for so long hangs. Default 1,800,000 ms. */
  readonly silenceMs?: number;
  /** The thread's code; default `job-entry`. */
  readonly entry?: URL | undefined;
}

/** How to carry out one task. */
export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TaskProgress) => void) | undefined;
  /** A published model, whose matrix all threads of this node share. */
  readonly model?: ModelHandle | undefined;
  /** Folder of its blob store, instead of the slot's. */
  readonly blobs?: string | undefined;
}

interface Thread {
  readonly pooled: PoolThread<Job, TaskResult>;
  readonly lost: Promise<Fault>;
}

const progressMs = 250;

/**
 * A place for one long task at a time. Its thread is started when a task comes, stays warm for the next one, and is
 * ended when none does for a while; after a loss the next task gets a new one.
 */
export class JobSlot {
  readonly #options: JobSlotOptions;
  #thread: Thread | undefined;
  #task: Task | undefined;
  #cancelRest: CancelTimer = () => undefined;

  constructor(options: JobSlotOptions) {
    this.#options = options;
  }

  /** The task that is in it. */
  get task(): Task | undefined {
    return this.#task;
  }

  /** Whether it has a thread now. */
  get started(): boolean {
    return this.#thread !== undefined;
  }

  /**
   * Carries out a task; call it only when there is no other.
   * @throws Fault of the task, `CANCELLED` after `signal`, `TASK_LOST`, `TASK_SILENT`, `WORKER_START`
   */
  async run(task: Task, options: JobOptions = {}): Promise<TaskResult> {
    this.#task = task;
    this.#cancelRest();
    const scratch = join(this.#options.scratch, randomId());
    try {
      const thread = await this.#ready();
      const reply = await this.#carryOut(thread, task, scratch, options);
      if (reply.ok) return reply.value;
      // Nobody knows what state an unforeseen failure has left the kernel in.
      if (reply.fault.code === 'INTERNAL') this.kill(reply.fault.message);
      throw Fault.fromWire(reply.fault);
    } finally {
      // By us, since a thread that was ended cannot.
      await rm(scratch, { recursive: true, force: true });
      this.#task = undefined;
      this.#rest();
    }
  }

  /** Ends its thread now, with whatever is in it. */
  kill(reason = 'killed'): void {
    this.#cancelRest();
    this.#thread?.pooled.lose(new Fault('WORKER_LOST', { reason }));
  }

  async #ready(): Promise<Thread> {
    if (this.#thread !== undefined) return this.#thread;
    const { promise: lost, resolve: onLost } = withResolver<Fault>();
    const pooled = new PoolThread<Job, TaskResult>({
      ...this.#options,
      entry: this.#options.entry ?? builtEntry('job-entry', import.meta.url),
      workerData: this.#options.setup,
      places: 1,
      onLost: (fault) => {
        if (this.#thread?.pooled === pooled) this.#thread = undefined;
        onLost(fault);
      },
    });
    const thread = { pooled, lost };
    this.#thread = thread;
    await pooled.whenReady(lost);
    return thread;
  }

  async #carryOut(
    { pooled, lost }: Thread,
    task: Task,
    scratch: string,
    { signal, onProgress, model, blobs = this.#options.blobs }: JobOptions,
  ): Promise<ThreadReply<TaskResult>> {
    const cancelled = new Fault('CANCELLED', { what: `task ${task.key}` });
    const unwanted = () => signal?.aborted === true;
    if (unwanted()) throw cancelled;
    const board = new JobBoard();
    const endWatch = this.#watch(board, task, pooled, onProgress);
    const { clock, graceMs = 5_000 } = this.#options;
    let cancelGrace: CancelTimer = () => undefined;
    const onAbort = () => {
      board.cancel();
      cancelGrace = clock.after(graceMs, () => {
        pooled.lose(cancelled);
      });
    };
    signal?.addEventListener('abort', onAbort);
    try {
      const reply = pooled.run({ kind: 'job', task, model, blobs, scratch, board: board.buffer });
      const outcome = await Promise.race([reply, lost]);
      if (unwanted()) throw cancelled;
      if (outcome instanceof Fault) throw lostWith(task, outcome);
      onProgress?.(board.progress);
      return outcome;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      cancelGrace();
      endWatch();
    }
  }

  /** Tells how far the task is, and ends its thread when that stands still for too long. */
  #watch(
    board: JobBoard,
    task: Task,
    pooled: PoolThread<Job, TaskResult>,
    onProgress: JobOptions['onProgress'],
  ): CancelTimer {
    const { clock, silenceMs = 1_800_000 } = this.#options;
    let last: TaskProgress = board.progress;
    let heardAt = clock.monotonic();
    let cancel: CancelTimer = () => undefined;
    const look = () => {
      const now = board.progress;
      if (now.done !== last.done || now.total !== last.total) {
        [last, heardAt] = [now, clock.monotonic()];
        onProgress?.(now);
      } else if (clock.monotonic() - heardAt >= silenceMs)
        pooled.lose(new Fault('TASK_SILENT', { task: task.key, silenceMs }));
      cancel = clock.after(progressMs, look);
    };
    cancel = clock.after(progressMs, look);
    return () => {
      cancel();
    };
  }

  #rest(): void {
    const { clock, idleMs = 60_000 } = this.#options;
    if (this.#thread === undefined) return;
    this.#cancelRest = clock.after(idleMs, () => {
      this.kill('nothing to do');
    });
  }
}

function lostWith({ key }: Task, fault: Fault): Fault {
  if (fault.code === 'TASK_SILENT') return fault;
  return new Fault('TASK_LOST', { task: key, reason: fault.details['reason'] ?? fault.message }, fault);
}
