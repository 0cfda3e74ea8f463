import { Fault } from '../base/errors.ts';

/**
 * Counts the bytes of uploads that are in memory. Whoever comes when there are too many is refused, and does not wait: a few
 * slow clients, each with the most of a photo, would keep everybody else waiting.
 */
export class UploadBudget {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes room; answers the fault `UPLOADS_FULL`, and takes nothing, if there is none. */
  take(bytes: number): Fault | undefined {
    if (this.#bytes + bytes > this.#limit) return new Fault('UPLOADS_FULL');
    this.#bytes += bytes;
    return undefined;
  }

  /** Gives it back. */
  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
