import type { TaskProgress } from '../train/task.ts';

const cancelledAt = 2 * Float64Array.BYTES_PER_ELEMENT;

/**
 * How far a task is, and whether anybody still wants it, in memory that its thread shares: neither waits for an event loop.
 *
 * Layout: `Float64Array [2]` done and total, written by the thread; `Int32Array [1]` cancelled, written by the pool.
 */
export class JobBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: Float64Array;
  readonly #cancelled: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(cancelledAt + Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#counts = new Float64Array(buffer, 0, 2);
    this.#cancelled = new Int32Array(buffer, cancelledAt, 1);
  }

  /** How far the task is. */
  get progress(): TaskProgress {
    const [done = 0, total = 0] = this.#counts;
    return { done, total };
  }

  set progress({ done, total }: TaskProgress) {
    this.#counts.set([done, total]);
  }

  /** Whether nobody wants the result any more. */
  get cancelled(): boolean {
    return Atomics.load(this.#cancelled, 0) === 1;
  }

  /** Asks the thread to give the task up. */
  cancel(): void {
    Atomics.store(this.#cancelled, 0, 1);
  }
}
