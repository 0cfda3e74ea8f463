import type { RunRecord } from './payloads.ts';

/** How fast a step gets on. */
export interface Pace {
  /** Of the step's units, in a second. */
  readonly rate: number;
  /** Unknown where the step's end is. */
  readonly secondsLeft: number | undefined;
}

interface Sample {
  readonly done: number;
  /** Of the whole step, 0 to 1; 0 where it is unknown. */
  readonly share: number;
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
    this.#samples.push({ done: progress.done, share: shareOf(progress), at: updatedAt });
    while (updatedAt - (this.#samples[1]?.at ?? updatedAt) >= windowMs) this.#samples.shift();
  }

  /** Unknown before the step has got on. */
  of({ progress }: RunRecord): Pace | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || progress === undefined) return undefined;
    const seconds = (last.at - first.at) / 1000;
    const rate = (last.done - first.done) / seconds;
    if (!(rate > 0 && rate < Infinity)) return undefined;
    const shareRate = (last.share - first.share) / seconds;
    return { rate, secondsLeft: shareRate > 0 ? (1 - last.share) / shareRate : undefined };
  }
}

function shareOf({ done, total, share = 0 }: NonNullable<RunRecord['progress']>): number {
  return total > 0 ? done / total : share;
}
