import type { Pace } from '../terminal/run-views.ts';
import type { RunRecord } from '../transport/payloads.ts';

interface Sample {
  readonly done: number;
  /** ms, by the clock of whoever wrote the record. */
  readonly at: number;
}

/** What lies longer back says little of what comes. */
const windowMs = 60_000;

/** How fast a run gets on with its step, from its record at several times. */
export class RunPace {
  #step: string | undefined;
  #samples: Sample[] = [];

  /** Looks at the record, which may not have changed. */
  note({ step, progress, updatedAt }: RunRecord): void {
    const last = this.#samples.at(-1);
    const isOther = step !== this.#step || progress === undefined || progress.done < (last?.done ?? 0);
    if (isOther) this.#samples = [];
    this.#step = step;
    if (progress === undefined || (!isOther && updatedAt === last?.at)) return;
    this.#samples.push({ done: progress.done, at: updatedAt });
    while (updatedAt - (this.#samples[1]?.at ?? updatedAt) >= windowMs) this.#samples.shift();
  }

  /** Unknown before the step has got on. */
  of({ progress }: RunRecord): Pace | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || progress === undefined) return undefined;
    const rate = (1000 * (last.done - first.done)) / (last.at - first.at);
    if (!(rate > 0 && rate < Infinity)) return undefined;
    const left = progress.total - progress.done;
    return { rate, secondsLeft: progress.total > 0 ? left / rate : undefined };
  }
}
