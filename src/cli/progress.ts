import { SingleBar } from 'cli-progress';
import type { Cli } from './cli.ts';

const format = '{bar} {value}/{total} photos | {rate}/s | {duration_formatted}';
/** Empties the line of a terminal that the cursor is on. */
export const clearLine = '\r\u001B[K';

/** A bar on stderr, if that is a terminal; otherwise nothing. */
export class Progress {
  readonly #cli: Cli;
  readonly #bar: SingleBar | undefined;
  readonly #startedAt = performance.now();
  #done = 0;

  /** @param shown - whether a bar is wanted, terminal or not */
  constructor(cli: Cli, shown: boolean) {
    this.#cli = cli;
    if (!shown || cli.stderr.isTTY !== true) return;
    this.#bar = new SingleBar({
      format,
      stream: cli.stderr,
      clearOnComplete: true,
      gracefulExit: false,
      emptyOnZero: true,
    });
    this.#bar.start(0, 0, { rate: 0 });
  }

  /** Whether anybody sees it. */
  get shown(): boolean {
    return this.#bar !== undefined;
  }

  /** One more photo to do. */
  found(): void {
    this.#bar?.setTotal(Math.max(this.#bar.getTotal() + 1, this.#done));
  }

  /** One photo more is done. */
  done(): void {
    this.#done += 1;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    if (this.#bar !== undefined && this.#bar.getTotal() < this.#done) this.#bar.setTotal(this.#done);
    this.#bar?.update(this.#done, { rate: (this.#done / Math.max(seconds, 0.001)).toFixed(1) });
  }

  /** Makes room for a line of text where the bar is. */
  clear(): void {
    if (this.#bar !== undefined) this.#cli.stderr.write(clearLine);
  }

  stop(): void {
    this.#bar?.stop();
  }
}
