// Node sees not all of its names.
import cliProgress from 'cli-progress';
import type { Options, Params, SingleBar } from 'cli-progress';
import type { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { durationText, progressText } from '../terminal/run-views.ts';
import type { RunRecord } from '../transport/payloads.ts';
import { RunPace } from '../transport/run-pace.ts';
import type { Cli } from './cli.ts';

/** Columns that the names of steps take. */
const nameColumns = 12;
const barColumns = 30;

/** What a line shows; a bar, unless `total` is 0. */
interface Drawn {
  readonly done: number;
  readonly total: number;
  readonly text: string;
}

/** Shows how far a run is, on stderr: a line a step, which is alive if that is a terminal. */
export class RunDisplay {
  readonly #cli: Cli;
  readonly #output: Output;
  readonly #pace = new RunPace();
  #step: string | undefined;
  #bar: SingleBar | undefined;
  #drawn: Drawn = { done: 0, total: 0, text: '' };

  constructor(cli: Cli, output: Output) {
    this.#cli = cli;
    this.#output = output;
  }

  /** The run as it is now. */
  show(run: RunRecord): void {
    if (run.state === 'done') this.#completeStep();
    if (run.state !== 'running' || run.step === undefined) return;
    this.#pace.note(run);
    if (run.step !== this.#step) this.#beginStep(run, run.step);
    const { progress = { done: 0, total: 0 } } = run;
    this.#draw(progress, run.progress === undefined ? '' : progressText(progress, this.#pace.of(run)));
  }

  /** Says something that is not progress; what is alive goes on below it. */
  say(text: string): void {
    const isAlive = this.#bar !== undefined;
    this.stop();
    this.#output.notice(text);
    if (isAlive) this.#startBar();
  }

  /** Leaves the last line as it is, so that others can follow it. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #beginStep({ startedAt, updatedAt }: RunRecord, step: string): void {
    this.#completeStep();
    this.#step = step;
    this.#drawn = { done: 0, total: 0, text: '' };
    if (this.#cli.stderr.isTTY === true) this.#startBar();
    else this.#output.notice(`${printable(step)} (after ${durationText((updatedAt - startedAt) / 1000)})`);
  }

  /** Whoever has seen nine tenths of a step knows from the next one that it is over. */
  #completeStep(): void {
    const { total } = this.#drawn;
    // A share of something unknown says nothing at its end.
    if (total > 1) this.#draw({ done: total, total }, progressText({ done: total, total }));
    this.stop();
  }

  #draw({ done: count, total: of, share }: NonNullable<RunRecord['progress']>, text: string): void {
    const [done, total] = of > 0 || share === undefined ? [count, of] : [share, 1];
    this.#drawn = { done, total, text };
    this.#bar?.setTotal(total);
    this.#bar?.update(done, { text });
  }

  #startBar(): void {
    const { done, total, text } = this.#drawn;
    this.#bar = new cliProgress.SingleBar({
      format: line,
      stream: this.#cli.stderr,
      barsize: barColumns,
      gracefulExit: false,
      emptyOnZero: true,
    });
    this.#bar.start(total, done, { name: printable(this.#step ?? ''), text });
  }
}

function line(options: Options, { progress, total }: Params, payload: unknown): string {
  const { name, text } = payload as { name: string; text: string };
  const bar = total > 0 ? `${cliProgress.Format.BarFormat(progress, options)} ` : '';
  return `${name.padEnd(nameColumns)} ${bar}${text}`.trimEnd();
}
