import { reasonOf } from '../../base/errors.ts';
import { diskSpace } from './disk-budget.ts';

/** Settings of a {@link DiskGuard}. */
export interface DiskGuardOptions {
  readonly folder: string;
  /** Below this much free space the queue takes no more, bytes. */
  readonly reserveBytes: number;
  /** What the queue takes otherwise, bytes. */
  readonly queueBytes: number;
  /** Sets the limit of the queue: `PhotoQueue.limit`. */
  readonly limit: (maxBytes: number) => Promise<void>;
  readonly onChange: (low: boolean, freeBytes: number) => void;
  /** Told when the disk or the queue cannot be asked; it is tried again. */
  readonly onTrouble: (reason: string) => void;
  /** Default 2000 ms. */
  readonly everyMs?: number;
}

/** Free space is believed to be back only with this much to spare, so that the limit does not flap. */
const hysteresis = 1.1;

/**
 * Refuses photos while the disk is almost full, whoever fills it: on a full disk publishes only time out, and even
 * removing fails. What was accepted stays, and goes on to be tagged.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #timer: NodeJS.Timeout;
  #low = false;
  #looking = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000);
    this.#timer.unref();
  }

  /** Whether photos are refused now. */
  get low(): boolean {
    return this.#low;
  }

  /** Looks at the disk now, and changes the limit if need be. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { folder, reserveBytes, queueBytes, limit, onChange, onTrouble } = this.#options;
    try {
      const { free } = await diskSpace(folder);
      const low = free < reserveBytes * (this.#low ? hysteresis : 1);
      if (low === this.#low) return;
      await limit(low ? 0 : queueBytes);
      this.#low = low;
      onChange(low, free);
    } catch (error) {
      onTrouble(reasonOf(error));
    } finally {
      this.#looking = false;
    }
  }

  /** Stops looking. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
