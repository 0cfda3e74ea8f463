/** Limits of a {@link Window}. */
export interface WindowLimits {
  /** Things at once. */
  readonly count: number;
  /** Bytes at once; one thing is always let in, however large. Default no limit. */
  readonly bytes?: number;
}

/** Lets a bounded number of things be under way at once; whoever comes later waits. */
export class Window {
  readonly #limits: Required<WindowLimits>;
  readonly #waiting: (() => void)[] = [];
  #count = 0;
  #bytes = 0;

  constructor(limits: WindowLimits) {
    this.#limits = { bytes: Infinity, ...limits };
  }

  /** Takes a place, as soon as there is one. */
  async enter(bytes = 0): Promise<void> {
    while (this.#isFull(bytes)) await this.#change();
    this.#count += 1;
    this.#bytes += bytes;
  }

  /** Gives a place back; `bytes` as it was taken. */
  leave(bytes = 0): void {
    this.#count -= 1;
    this.#bytes -= bytes;
    for (const lookAgain of this.#waiting.splice(0)) lookAgain();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#count > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #isFull(bytes: number): boolean {
    if (this.#count === 0) return false;
    return this.#count >= this.#limits.count || this.#bytes + bytes > this.#limits.bytes;
  }
}
