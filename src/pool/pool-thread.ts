import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Clock } from '../base/clock.ts';
import { Fault, reasonOf } from '../base/errors.ts';
import { withResolver } from '../base/promise-resolver.ts';
import type { ReadyTask, ThreadReply } from './thread-messages.ts';

/** How long a thread may take, and who hears of it when it does not end. */
export interface ThreadTimes {
  readonly clock: Clock;
  /** How long a thread may take to start, ms. Default 60,000. */
  readonly startTimeoutMs?: number;
  /** How long a killed thread may take to end before it counts as stuck, ms. Default 10,000. */
  readonly endTimeoutMs?: number;
  /** Called for each killed thread that counts as stuck: only a new process gets rid of it. */
  readonly onStuck?: () => void;
}

/** What a thread is made of. */
export interface PoolThreadOptions extends ThreadTimes {
  /** The file that it runs. */
  readonly entry: URL;
  /** What it is given when it starts. */
  readonly workerData: object;
  /** How many messages it works on at once. */
  readonly places: number;
  /** Told once, when the thread is lost, whatever ended it. */
  readonly onLost: (fault: Fault) => void;
}

/** Objects of JavaScript only: buffers and the kernel's memory are outside of this heap. */
const heapMib = 256;

/** The life of one worker thread, from a start to an exit: a Piscina of one thread that is never filled again. */
export class PoolThread<Message, Value> {
  readonly #options: PoolThreadOptions;
  readonly #pool: Piscina<Message | ReadyTask, ThreadReply<Value>>;
  /** Resolves when the operating system's thread has gone, which may be later than its loss. */
  readonly #ended: Promise<undefined>;
  #lost = false;

  constructor(options: PoolThreadOptions) {
    this.#options = options;
    const { entry, workerData, places } = options;
    this.#pool = new Piscina({
      filename: fileURLToPath(entry),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: places,
      // A thread that blocks on an atomic while idle could not go on with what libuv has done for it.
      atomics: 'disabled',
      recordTiming: false,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMib },
      execArgv: [],
    });
    const { promise: ended, resolve: onEnded } = withResolver<undefined>();
    this.#ended = ended;
    // Without a listener an error between two tasks would end the process.
    this.#pool.on('error', (error: Error) => {
      this.lose(new Fault('WORKER_LOST', { reason: reasonOf(error) }));
    });
    this.#pool.threads[0]?.once('exit', (code: number) => {
      onEnded(undefined);
      this.lose(new Fault('WORKER_LOST', { reason: `exit code ${String(code)}` }));
    });
  }

  /**
   * Waits until the thread takes messages; it is lost if it does not.
   * @param lost - resolves when it is lost
   * @throws Fault `WORKER_START`
   */
  async whenReady(lost: Promise<Fault>): Promise<void> {
    const { clock, startTimeoutMs = 60_000 } = this.#options;
    const cancel = clock.after(startTimeoutMs, () => {
      this.lose(startFault(`it took longer than ${String(startTimeoutMs)} ms`));
    });
    try {
      const reply = await Promise.race([this.#pool.run({ kind: 'ready' }), lost]);
      if (reply instanceof Fault) throw reply;
      if (!reply.ok) throw Fault.fromWire(reply.fault);
    } catch (error) {
      const fault = startFault(error);
      this.lose(fault);
      throw fault;
    } finally {
      cancel();
    }
  }

  /**
   * Sends a message; never settles if the thread is lost meanwhile: whoever is told of that knows what was in it.
   * @param moved - buffers that are moved to the thread, not copied
   */
  run(message: Message, moved: readonly ArrayBuffer[] = []): Promise<ThreadReply<Value>> {
    return new Promise((resolve) => {
      this.#pool.run(message, { transferList: [...moved] }).then(resolve, (error: unknown) => {
        // Piscina rejects with an error of no code when the thread exits.
        this.lose(new Fault('WORKER_LOST', { reason: reasonOf(error) }));
      });
    });
  }

  /** Ends the thread now, with whatever is in it. */
  lose(fault: Fault): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#options.onLost(fault);
    this.#watchEnd();
  }

  /** Native code keeps its thread alive until it is done; a replacement may start before that. */
  #watchEnd(): void {
    const { clock, endTimeoutMs = 10_000, onStuck } = this.#options;
    const cancel = clock.after(endTimeoutMs, () => {
      onStuck?.();
    });
    void Promise.allSettled([this.#pool.destroy(), this.#ended]).then(cancel);
  }
}

function startFault(problem: unknown): Fault {
  if (!(problem instanceof Fault)) return new Fault('WORKER_START', { reason: reasonOf(problem) }, problem);
  if (problem.code === 'WORKER_START') return problem;
  return new Fault('WORKER_START', { reason: problem.details['reason'] ?? problem.message }, problem);
}
