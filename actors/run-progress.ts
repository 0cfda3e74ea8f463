import { Fault } from '../src/base/errors.ts';
import type { Json } from '../src/train/task.ts';
import type { RunChange, RunRecords } from '../src/transport/run-records.ts';

/** How often the record of a run is written, at most. */
const intervalMs = 500;

/** Puts on record how far a run is, not too often and never waited for; keeps how long each step took. */
export class RunProgress {
  readonly #run: string;
  readonly #records: RunRecords;
  readonly #seconds = new Map<string, number>();
  #change: RunChange = {};
  #step: { readonly name: string; readonly since: number } | undefined;
  #writing: Promise<void> | undefined;
  #fresh = false;
  #closed = false;

  constructor(run: string, records: RunRecords) {
    this.#run = run;
    this.#records = records;
  }

  /** The run is in a step, so far. */
  at(step: string, progress?: NonNullable<RunChange['progress']>): void {
    if (this.#step?.name !== step) {
      this.#endStep();
      this.#step = { name: step, since: performance.now() };
    }
    this.#change = { ...this.#change, step, progress: progress === undefined ? undefined : { ...progress } };
    this.#write();
  }

  /** Anything else that is worth showing meanwhile. */
  tell(detail: Json): void {
    this.#change = { ...this.#change, detail: detail as RunChange['detail'] };
    this.#write();
  }

  /** How long each step took, in their order. */
  steps(): { name: string; seconds: number }[] {
    this.#endStep();
    return Array.from(this.#seconds, ([name, seconds]) => ({
      name,
      seconds: Math.round(seconds * 100) / 100,
    }));
  }

  /** Writes nothing more; resolves when nothing is being written. */
  async settle(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  #endStep(): void {
    if (this.#step === undefined) return;
    const { name, since } = this.#step;
    this.#seconds.set(name, (this.#seconds.get(name) ?? 0) + (performance.now() - since) / 1000);
    this.#step = undefined;
  }

  #write(): void {
    this.#fresh = true;
    if (this.#closed) return;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#fresh && !this.#closed) {
      this.#fresh = false;
      try {
        await this.#records.update(this.#run, this.#change);
      } catch (error) {
        // Ended, or NATS is away: whoever works on the run hears of that.
        if (Fault.from(error).disposition === 'terminal') this.#closed = true;
      }
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }
}
