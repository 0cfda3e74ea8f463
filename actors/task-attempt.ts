import { delay, type Clock } from '../src/base/clock.ts';
import { Fault, type WireFault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { JobPool } from '../src/pool/job-pool.ts';
import type { TaskProgress, TaskResult } from '../src/train/task.ts';
import type { BlobExchange } from '../src/transport/blob-exchange.ts';
import type { QueuedTask, TaskRecord } from '../src/transport/payloads.ts';
import type { RunRecords } from '../src/transport/run-records.ts';
import type { TaskDelivery } from '../src/transport/task-delivery.ts';
import type { TaskRecords } from '../src/transport/task-records.ts';
import type { RunBlobs, RunBlobStore } from './run-blobs.ts';

/** What an attempt works with. */
export interface TaskAttemptParts {
  /** Name of this node. */
  readonly node: string;
  readonly records: TaskRecords;
  readonly runs: RunRecords;
  readonly exchange: BlobExchange;
  readonly blobs: RunBlobs;
  readonly pool: JobPool;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tries before a task has failed. */
export const maxTaskAttempts = 5;

const firstRetryDelayMs = 200;
const recordAgainMs = 1_000;
/** Until a task that this node must not do is offered again, to any node, ms. */
const elsewhereMs = 500;

/** Why an attempt is given up without a word about the task. */
class Unwanted extends Error {
  /** Whether the task is off the queue with it: its run has ended. If not, somebody else has it. */
  readonly over: boolean;

  constructor(over: boolean) {
    super(over ? 'the run is over' : 'somebody else has the task');
    this.over = over;
  }
}

/**
 * One attempt at a task: gets its inputs, has a thread carry it out, hands its outputs over, records what came of it and
 * settles the delivery.
 *
 * The record is written by revision throughout: whoever has lost the task to somebody else finds out, and stops.
 */
export class TaskAttempt {
  readonly task: QueuedTask;
  /** Resolves when the delivery is settled and the record written; never rejects. */
  readonly settled: Promise<void>;
  readonly #parts: TaskAttemptParts;
  readonly #delivery: TaskDelivery;
  readonly #cancel = new AbortController();
  #progress: TaskProgress = { done: 0, total: 0 };
  #attempts = 0;
  #revision = 0;
  /** One write after the other: each needs the revision of the one before. */
  #writes: Promise<unknown> = Promise.resolve();
  #running = false;

  /** @throws Fault `REQUEST_INVALID` if the delivery is no task */
  constructor(parts: TaskAttemptParts, delivery: TaskDelivery) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.task = delivery.task;
    this.settled = this.#carryOut().catch((error: unknown) => {
      // Its lease runs out, and whoever gets it next tries again.
      this.#delivery.abandon();
      this.#log(error, 'a task was not settled');
    });
  }

  /** How far it is. */
  get progress(): TaskProgress {
    return this.#progress;
  }

  /** Renews the lease, tells how far the task is, and stops if nobody wants it here any more; never rejects. */
  async renew(): Promise<void> {
    this.#delivery.working();
    if (!this.#running) return;
    try {
      if (!(await this.#parts.runs.isActive(this.task.run))) throw new Unwanted(true);
      await this.#write(this.#runningRecord());
    } catch (error) {
      if (error instanceof Unwanted) this.#cancel.abort(error);
      else this.#log(error, 'the progress of a task was not told');
    }
  }

  /** Gives it to somebody else at once; this attempt does not count. */
  async handBack(): Promise<void> {
    if (this.#delivery.settled) return;
    const charged = this.#running;
    this.#running = false;
    this.#delivery.retry();
    this.#cancel.abort(new Unwanted(false));
    if (charged) await this.#write({ state: 'waiting', attempts: this.#attempts - 1 }).catch(() => undefined);
  }

  async #carryOut(): Promise<void> {
    try {
      await this.#begin();
      const started = this.#parts.clock.monotonic();
      const { outputs, value } = await this.#run();
      this.#stop();
      const tookMs = Math.round(this.#parts.clock.monotonic() - started);
      await this.#conclude({
        state: 'done',
        node: this.#parts.node,
        attempts: this.#attempts,
        outputs: [...outputs],
        value: value as Extract<TaskRecord, { state: 'done' }>['value'],
        tookMs,
      });
    } catch (error) {
      const reason: unknown = this.#cancel.signal.aborted ? this.#cancel.signal.reason : error;
      this.#running = false;
      if (!(reason instanceof Unwanted)) await this.#fail(Fault.from(reason));
      else if (reason.over) await this.#delivery.ack();
      else this.#delivery.abandon();
    }
  }

  /** Charges the attempt before it begins, so that it counts even if this node is lost with it. */
  async #begin(): Promise<void> {
    const { runs, records } = this.#parts;
    const { run, key } = this.task;
    if (!(await runs.isActive(run))) throw new Unwanted(true);
    const found = await records.get(run, key);
    const before = found?.value;
    // Its acknowledgement was lost.
    if (before?.state === 'done' || before?.state === 'failed') throw new Unwanted(true);
    this.#revision = found?.revision ?? 0;
    this.#attempts = (before?.attempts ?? 0) + 1;
    const fault = before?.state === 'running' ? lostWith(before.node, key) : before?.fault;
    if (this.#attempts > maxTaskAttempts) {
      this.#attempts = maxTaskAttempts;
      throw fault === undefined
        ? new Fault('TASK_LOST', { task: key, reason: 'unknown' })
        : Fault.fromWire(fault);
    }
    await this.#write({ ...this.#runningRecord(), ...(fault === undefined ? {} : { fault }) });
    this.#running = true;
  }

  async #run(): Promise<TaskResult> {
    const { node, exchange, blobs, pool } = this.#parts;
    const { run, node: holder, kind, key, parameters, inputs } = this.task;
    const kept = blobs.of(run, holder);
    const { signal } = this.#cancel;
    if (holder !== node) {
      for (const blob of inputs) {
        await exchange.fetch({ run, blob, holder }, kept.store);
        if (signal.aborted) throw new Fault('CANCELLED', { what: `task ${key}` });
      }
    }
    const result = await pool.run(
      { kind, key, parameters, inputs },
      {
        signal,
        blobs: kept.folder,
        onProgress: (progress) => {
          this.#progress = progress;
        },
      },
    );
    if (holder !== node) await this.#handOver(result, kept);
    return result;
  }

  async #handOver({ outputs }: TaskResult, { store }: RunBlobStore): Promise<void> {
    for (const { id } of outputs) await this.#parts.exchange.offer(this.task.run, id, store);
  }

  #stop(): void {
    this.#running = false;
    if (this.#cancel.signal.aborted) throw this.#cancel.signal.reason;
  }

  async #fail(fault: Fault): Promise<void> {
    const { node } = this.#parts;
    const attempts = this.#attempts;
    const isLast = attempts >= maxTaskAttempts;
    this.#log(fault, 'a task failed');
    if (fault.code === 'EXTRACTOR_OTHER') {
      // Nothing was tried, so nothing is charged.
      await this.#write({ state: 'waiting', attempts: attempts - 1, fault: fault.toWire() });
      this.#delivery.retry(elsewhereMs);
      return;
    }
    if (fault.disposition === 'retry' && !isLast) {
      await this.#write({ state: 'waiting', attempts, fault: fault.toWire() });
      this.#delivery.retry(firstRetryDelayMs * 2 ** (attempts - 1));
      return;
    }
    const exhausted = new Fault('TASK_EXHAUSTED', {
      task: this.task.key,
      attempts,
      reason: fault.message,
      cause: fault.code,
    });
    const final = fault.disposition === 'retry' ? exhausted : fault;
    await this.#conclude({ state: 'failed', node, attempts, fault: final.toWire() });
  }

  /** Records the outcome, then takes the task off the queue. What may have taken hours is not given up for an outage. */
  async #conclude(record: TaskRecord): Promise<void> {
    for (;;) {
      try {
        await this.#write(record);
        break;
      } catch (error) {
        if (!(error instanceof Fault) || error.disposition === 'terminal') throw error;
        this.#log(error, 'the outcome of a task was not recorded; trying again');
        await delay(this.#parts.clock, recordAgainMs);
        if (this.#delivery.settled) return;
      }
    }
    await this.#delivery.ack();
  }

  /** @throws Unwanted if somebody else has written; Fault as {@link TaskRecords.put} */
  #write(record: TaskRecord): Promise<void> {
    const write = async () => {
      const { run, key } = this.task;
      const revision = await this.#parts.records.put(run, key, record, this.#revision);
      if (revision === undefined) throw new Unwanted(false);
      this.#revision = revision;
    };
    const written = this.#writes.then(write);
    this.#writes = written.catch(() => undefined);
    return written;
  }

  #runningRecord(): Extract<TaskRecord, { state: 'running' }> {
    const { done, total } = this.#progress;
    return { state: 'running', node: this.#parts.node, attempts: this.#attempts, progress: { done, total } };
  }

  #log(error: unknown, what: string): void {
    const { run, key } = this.task;
    const fault = error instanceof Unwanted ? error.message : Fault.from(error).toWire();
    this.#parts.log.warn({ fault, run, task: key, attempt: this.#attempts }, what);
  }
}

function lostWith(node: string, task: string): WireFault {
  return new Fault('TASK_LOST', { task, reason: `node ${node} was lost` }).toWire();
}
