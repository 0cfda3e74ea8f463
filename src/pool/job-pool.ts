import { rm } from 'node:fs/promises';
import { Fault } from '../base/errors.ts';
import type { Task, TaskResult, TaskRunner } from '../train/task.ts';
import { JobSlot, type JobOptions, type JobSlotOptions } from './job-slot.ts';

/** What a pool needs. */
export interface JobPoolOptions extends JobSlotOptions {
  /** How many tasks it carries out at once. */
  readonly threads: number;
}

/** A task whose turn has not come. */
interface Waiting {
  readonly start: (slot: JobSlot) => void;
  readonly giveUp: () => void;
}

/** Job threads of one process: carries out tasks here, first come first served. */
export class JobPool implements TaskRunner {
  readonly #options: JobPoolOptions;
  readonly #slots: readonly JobSlot[];
  readonly #idle: JobSlot[];
  readonly #waiting: Waiting[] = [];
  #ready: Promise<void> | undefined;
  #stopped = false;

  constructor(options: JobPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.threads }, () => new JobSlot(options));
    this.#idle = [...this.#slots];
  }

  get parallelism(): number {
    return this.#slots.length;
  }

  /** What each slot does: the key of its task, or whether its thread is warm. */
  describe(): readonly string[] {
    return this.#slots.map(({ task, started }) => task?.key ?? (started ? 'warm' : 'resting'));
  }

  /**
   * Carries out a task, when it is its turn.
   * @throws Fault as {@link JobSlot.run}
   */
  async run(task: Task, options: JobOptions = {}): Promise<TaskResult> {
    // What killed processes have left.
    this.#ready ??= rm(this.#options.scratch, { recursive: true, force: true });
    await this.#ready;
    const slot = await this.#slot(task, options.signal);
    try {
      return await slot.run(task, options);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(slot);
      else next.start(slot);
    }
  }

  /** Takes tasks again after {@link JobPool.stop}; a new pool does so anyway. */
  start(): void {
    this.#stopped = false;
  }

  /** Takes no more tasks and ends what runs: `TASK_LOST`; those that wait are `CANCELLED`. */
  stop(): void {
    this.#stopped = true;
    for (const { giveUp } of this.#waiting.splice(0)) giveUp();
    for (const slot of this.#slots) slot.kill('the pool stops');
  }

  /** The slot whose turn is this task's; the one that is warm, if there is a choice. */
  #slot({ key }: Task, signal: AbortSignal | undefined): Promise<JobSlot> {
    const cancelled = new Fault('CANCELLED', { what: `task ${key}` });
    if (this.#stopped || signal?.aborted === true) return Promise.reject(cancelled);
    const warm = this.#idle.findIndex(({ started }) => started);
    const [idle] = this.#idle.splice(Math.max(warm, 0), 1);
    if (idle !== undefined) return Promise.resolve(idle);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(cancelled);
      };
      const waiting: Waiting = {
        start: (slot) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(slot);
        },
        giveUp: () => {
          signal?.removeEventListener('abort', onAbort);
          reject(cancelled);
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
