import { z } from 'zod';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { BlobStore } from '../src/model/blob-store.ts';
import type { JobPool } from '../src/pool/job-pool.ts';
import type { JobOptions } from '../src/pool/job-slot.ts';
import type { Json, Task, TaskProgress, TaskResult, TaskRunner } from '../src/train/task.ts';
import type { BlobExchange } from '../src/transport/blob-exchange.ts';
import type { Connection } from '../src/transport/connection.ts';
import type { QueuedTask, TaskRecord } from '../src/transport/payloads.ts';
import { gather } from '../src/transport/requests.ts';
import type { TaskQueue } from '../src/transport/task-queue.ts';
import type { TaskRecords } from '../src/transport/task-records.ts';
import { maxTaskAttempts } from './task-attempt.ts';

/** What the tasks of a run work with. */
export interface ClusterTasksOptions {
  /** The run that they are of. */
  readonly run: string;
  /** This node, which coordinates it. */
  readonly node: string;
  readonly connection: Connection;
  readonly queue: TaskQueue;
  readonly records: TaskRecords;
  readonly exchange: BlobExchange;
  /** Has the inputs of every task, and gets all outputs. */
  readonly blobs: BlobStore;
  /** For tasks that need the files of this node. */
  readonly pool: JobPool;
  readonly log: Log;
}

/** How to carry out one task. */
export interface ClusterTaskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TaskProgress) => void) | undefined;
}

type Final = Extract<TaskRecord, { state: 'done' | 'failed' }>;
type Done = Extract<TaskRecord, { state: 'done' }>;

/** Whoever waits for a task. */
interface Waiting {
  readonly onFinal: (record: Final, revision: number) => void;
  readonly onProgress: (progress: TaskProgress) => void;
}

/** Records are watched; should that or a message be lost, they are looked at again, and the task is queued again. */
const lookAgainMs = 5_000;
const lookAroundMs = 10_000;

/** What of a node's facts is needed here. */
const facts = z.looseObject({ jobThreads: z.int().min(0) });

/**
 * The tasks of one run, over all nodes of the cluster. A task whose result is recorded is not carried out again, so that a
 * coordinator which starts again goes on where it was.
 */
export class ClusterTasks implements TaskRunner {
  readonly #options: ClusterTasksOptions;
  readonly #waiting = new Map<string, Waiting>();
  #parallelism: number;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => undefined;
  #stuck = false;
  #closed = false;

  private constructor(options: ClusterTasksOptions) {
    this.#options = options;
    this.#parallelism = Math.max(1, options.pool.parallelism);
  }

  /**
   * Starts to listen to what becomes of a run's tasks.
   * @throws Fault `NATS_UNREACHABLE`
   */
  static async open(options: ClusterTasksOptions): Promise<ClusterTasks> {
    const tasks = new ClusterTasks(options);
    tasks.#stopWatching = await options.records.watch(options.run, (key, record, revision) => {
      tasks.#hear(key, record, revision);
    });
    await tasks.#countThreads();
    tasks.#timer = setInterval(() => void tasks.#lookAround(), lookAroundMs);
    tasks.#timer.unref();
    return tasks;
  }

  /** The job threads of all nodes that answered lately. */
  get parallelism(): number {
    return this.#parallelism;
  }

  /** The job threads of this node. */
  get localParallelism(): number {
    return Math.max(1, this.#options.pool.parallelism);
  }

  /**
   * Carries out a task on some node; its outputs are in the blob store of this one then.
   * @throws Fault of the task; `TASK_EXHAUSTED` after several tries; `CANCELLED` after `signal`;
   * `NATS_UNREACHABLE` if this was closed meanwhile
   */
  async run(
    task: Task,
    { signal, onProgress = () => undefined }: ClusterTaskOptions = {},
  ): Promise<TaskResult> {
    for (;;) {
      const record = await this.#final(task, signal, onProgress);
      if (record.state === 'failed') throw Fault.fromWire(record.fault);
      const lost = await this.#collect(record);
      if (lost === undefined) return resultOf(record);
      this.#options.log.warn(
        { fault: lost.toWire(), task: task.key },
        'outputs were lost; the task is done again',
      );
      await this.#reset(task.key, record.attempts, lost);
    }
  }

  /**
   * Carries out a task on this node: one that needs files which are here alone. Its result is recorded too.
   * @throws Fault as {@link ClusterTasks.run}
   */
  async runLocal(task: Task, options: ClusterTaskOptions = {}): Promise<TaskResult> {
    const { run, node, records } = this.#options;
    const found = await records.get(run, task.key);
    if (found?.value.state === 'done' && (await this.#collect(found.value)) === undefined)
      return resultOf(found.value);
    const started = performance.now();
    const { result, attempts } = await this.#tryLocal(task, options);
    const { outputs, value } = result;
    const tookMs = Math.round(performance.now() - started);
    const done: Done = { state: 'done', node, attempts, outputs: [...outputs], value: plain(value), tookMs };
    await records.put(run, task.key, done, found?.revision ?? 0);
    return result;
  }

  /**
   * Carries out a task on this node whose result is worth no record: a run that begins again does what is left of it, and no more.
   * @param options - as those of a job: the model that it works with among them
   * @throws Fault as {@link ClusterTasks.run}
   */
  async runUnrecorded(task: Task, options: JobOptions = {}): Promise<TaskResult> {
    return (await this.#tryLocal(task, options)).result;
  }

  async #tryLocal(task: Task, options: JobOptions): Promise<{ result: TaskResult; attempts: number }> {
    for (let attempts = 1; ; attempts++) {
      try {
        return { result: await this.#options.pool.run(task, options), attempts };
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.disposition === 'terminal') throw fault;
        if (attempts >= maxTaskAttempts)
          throw new Fault(
            'TASK_EXHAUSTED',
            { task: task.key, attempts, reason: fault.message, cause: fault.code },
            fault,
          );
      }
    }
  }

  /**
   * Forgets a task whose result nobody will ask for again: its record, and its inputs on their way to other nodes.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async forget({ key, inputs }: Task): Promise<void> {
    const { run, records, exchange } = this.#options;
    await records.clear(run, key);
    if (this.parallelism > this.localParallelism) for (const { id } of inputs) await exchange.remove(run, id);
  }

  /** Stops listening; what is queued goes on, and is found by whoever opens the run's tasks again. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stopWatching();
  }

  /**
   * Takes away everything of the run, which has ended: queued tasks, results, blobs on their way. The blobs of this node stay.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async end(): Promise<void> {
    const { run, queue, records, exchange } = this.#options;
    this.close();
    await queue.withdraw(run);
    await records.clear(run);
    await exchange.clear(run);
  }

  #hear(key: string, record: TaskRecord, revision: number): void {
    const waiting = this.#waiting.get(key);
    if (record.state === 'running') waiting?.onProgress(record.progress);
    if (isFinal(record)) waiting?.onFinal(record, revision);
  }

  async #final(
    task: Task,
    signal: AbortSignal | undefined,
    onProgress: (progress: TaskProgress) => void,
  ): Promise<Final> {
    let wake: () => void = () => undefined;
    let heard: Final | undefined;
    let since: number | undefined;
    const onFinal = (record: Final, revision: number) => {
      if (since === undefined || revision <= since) return;
      heard = record;
      wake();
    };
    // Before it is queued, so that nothing goes unheard.
    this.#waiting.set(task.key, { onFinal, onProgress });
    const onAbort = () => {
      wake();
    };
    signal?.addEventListener('abort', onAbort);
    const isAborted = () => signal?.aborted === true;
    try {
      for (;;) {
        if (isAborted()) return await this.#cancel(task.key);
        since ??= await this.#unlessAway(task, () => this.#reopen(task.key));
        const found = since === undefined ? undefined : await this.#unlessAway(task, () => this.#look(task));
        heard ??= found;
        if (heard !== undefined) return heard;
        if (isAborted()) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, lookAgainMs).unref();
        });
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(task.key);
    }
  }

  /** That a task had failed before the run was begun again is forgotten; answers the revision after which its record counts. */
  async #reopen(key: string): Promise<number> {
    const { run, records } = this.#options;
    const found = await records.get(run, key);
    if (found?.value.state !== 'failed') return 0;
    return (await records.put(run, key, { state: 'waiting', attempts: 0 }, found.revision)) ?? found.revision;
  }

  /** The record of a task if it is final; else the task is queued, unless it is. */
  async #look(task: Task): Promise<Final | undefined> {
    const { run, queue, records } = this.#options;
    const record = (await records.get(run, task.key))?.value;
    if (record !== undefined && isFinal(record)) return record;
    await queue.add(this.#queued(task));
    return undefined;
  }

  /** What cannot be done while the server is away is done later. */
  async #unlessAway<T>({ key }: Task, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== 'NATS_UNREACHABLE' || this.#closed) throw fault;
      this.#options.log.debug({ fault: fault.toWire(), task: key }, 'a task is looked at later');
      return undefined;
    }
  }

  #queued({ kind, key, parameters, inputs }: Task): QueuedTask {
    const { run, node } = this.#options;
    return { run, node, kind, key, parameters: plain(parameters), inputs: [...inputs] };
  }

  /** Whoever carries it out finds that its record is no longer its own. */
  async #cancel(key: string): Promise<never> {
    const { run, queue } = this.#options;
    await queue.withdraw(run, key);
    await this.#reset(key, 0);
    throw new Fault('CANCELLED', { what: `task ${key}` });
  }

  async #reset(key: string, attempts: number, reason?: Fault): Promise<void> {
    const { run, records } = this.#options;
    const fault = reason === undefined ? {} : { fault: reason.toWire() };
    const waiting: TaskRecord = { state: 'waiting', attempts, ...fault };
    // Whoever carries it out may just say how far it is, and would never hear of this.
    for (let written: number | undefined; written === undefined;) {
      const found = await records.get(run, key);
      if (found === undefined || found.value.state === 'waiting') return;
      written = await records.put(run, key, waiting, found.revision);
    }
  }

  /** Sees to it that the outputs are here; answers why that cannot be. */
  async #collect({ node: holder, outputs }: Done): Promise<Fault | undefined> {
    const { run, node, blobs, exchange } = this.#options;
    for (const blob of outputs) {
      if (await blobs.has(blob.id)) continue;
      if (holder === node) return new Fault('BLOB_LOST', { id: blob.id, node, reason: 'it was removed' });
      try {
        await exchange.fetch({ run, blob, holder }, blobs);
        await exchange.remove(run, blob.id);
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code === 'BLOB_LOST' || fault.code === 'NODE_UNAVAILABLE') return fault;
        throw fault;
      }
    }
    return undefined;
  }

  async #lookAround(): Promise<void> {
    try {
      await this.#mendQueue();
      await this.#countThreads();
    } catch (error) {
      this.#options.log.debug({ fault: Fault.from(error).toWire() }, 'the queue of tasks was not looked at');
    }
  }

  /** A killed server may have lost track of tasks: two looks in a row show some, and none of them waiting or in work. */
  async #mendQueue(): Promise<void> {
    const { queue, log } = this.#options;
    const { messages, waiting, inFlight } = await queue.status();
    const stuck = messages > 0 && waiting === 0 && inFlight === 0;
    const mend = stuck && this.#stuck;
    this.#stuck = stuck && !mend;
    if (!mend) return;
    log.warn({ tasks: messages }, 'the server has lost track of tasks; they are delivered again');
    await queue.deliverAgain();
  }

  async #countThreads(): Promise<void> {
    const { connection, pool } = this.#options;
    const answers = await gather(connection, 'nodes', {}, {}).catch(() => []);
    const counts = answers.map(({ value }) => facts.safeParse(value).data?.jobThreads ?? 0);
    this.#parallelism = Math.max(
      1,
      pool.parallelism,
      counts.reduce((sum, count) => sum + count, 0),
    );
  }
}

function isFinal(record: TaskRecord): record is Final {
  return record.state === 'done' || record.state === 'failed';
}

function resultOf({ outputs, value }: Done): TaskResult {
  return { outputs, value };
}

/** JSON as the messages have it, whose type knows no `readonly`. */
function plain(json: Json): QueuedTask['parameters'] {
  return json as QueuedTask['parameters'];
}
