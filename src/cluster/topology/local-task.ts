import { pauseMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Fault } from '../../base/errors.ts';
import type { ReportedTask } from '../../transport/topology-record.ts';
import type { Task } from './component-factory.ts';

/** Pauses between attempts to start a task, doubled each time. */
const retry = { initialMs: 1_000, maxMs: 30_000 };

/** The id of a task in its topology: `exif:0@1a2b3c4d`. */
export function idOf({ component, index, runs }: Pick<Task, 'component' | 'index' | 'runs'>): string {
  return `${component}:${String(index)}${runs === undefined ? '' : `@${runs.revision}`}`;
}

/** How a task does on this node. */
export class LocalTask {
  readonly #clock: Clock;
  #task: Task;
  #state: ReportedTask['state'] = 'starting';
  #since: number;
  /** The same, monotonic. */
  #enteredAt: number;
  #fault: Fault | undefined;
  #attempts = 0;
  #failures = 0;
  #isDrained = false;
  #restarts = 0;
  /** Its supervisor is about to start it again. */
  #isDown = false;

  constructor(task: Task, clock: Clock) {
    this.#task = task;
    this.#clock = clock;
    this.#since = clock.now();
    this.#enteredAt = clock.monotonic();
  }

  get task(): Task {
    return this.#task;
  }

  /** Id of its child. */
  get childId(): string {
    return idOf(this.task);
  }

  get state(): ReportedTask['state'] {
    return this.#state;
  }

  /** Why it failed or crashed last. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Whether it runs, and is not about to be started again by its supervisor. */
  get isUp(): boolean {
    return this.#state === 'running' && !this.#isDown;
  }

  /**
   * It is being started, in this place: the one of its last attempt may be another's by now. The answer tells whether that is
   * so still, or has been given up.
   */
  starts(place: number): () => boolean {
    this.#task = { ...this.#task, place };
    this.#enter('starting');
    const attempt = ++this.#attempts;
    return () => this.#state === 'starting' && this.#attempts === attempt;
  }

  /** It runs; its last fault stays on record. */
  runs(): void {
    this.#failures = 0;
    this.#enter('running');
  }

  /** It has ended by itself, or did not start again; answers whether it is its supervisor's to start again. */
  crashed(fault: Fault): boolean {
    if (this.#state !== 'running') return false;
    this.#fault = fault;
    this.#isDown = true;
    return true;
  }

  /** Its supervisor has started it; answers whether that was a restart. */
  restarted(): boolean {
    if (!this.#isDown) return false;
    this.#restarts += 1;
    this.#isDown = false;
    return true;
  }

  /** It takes nothing new, until `drained`. */
  drains(drained: Promise<void>): Promise<void> {
    this.#enter('draining');
    return drained.finally(() => {
      this.#isDrained = true;
    });
  }

  /** It does not run, and is to be tried again later. */
  failed(fault: Fault): void {
    this.#fault = fault;
    this.#failures += 1;
    this.#enter('failed');
  }

  /** When it is its turn: to be started again, or to end whatever it has; ms, monotonic. */
  dueAt(drainMs: number): number {
    if (this.#state === 'failed') return this.#enteredAt + pauseMs(retry, this.#failures - 1);
    if (this.#state === 'draining') return this.#isDrained ? -Infinity : this.#enteredAt + drainMs;
    return Infinity;
  }

  report(): ReportedTask {
    const { component, kind, index, runs } = this.task;
    const fault = this.#fault?.toWire();
    return {
      ...{ component, kind, index, since: this.#since },
      state: this.#isDown ? 'failed' : this.#state,
      ...(this.#restarts > 0 && { restarts: this.#restarts }),
      ...(runs && { revision: runs.revision }),
      ...(fault && { fault }),
    };
  }

  #enter(state: ReportedTask['state']): void {
    this.#state = state;
    this.#isDown = false;
    this.#since = this.#clock.now();
    this.#enteredAt = this.#clock.monotonic();
  }
}
