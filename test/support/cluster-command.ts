import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { builtEntry } from '../../src/base/built-entry.ts';
import { until } from './until.ts';

const main = fileURLToPath(builtEntry('../../src/cli/main', import.meta.url));

/** The real command line `cluster`, in a process of its own. */
export class ClusterCommand {
  readonly process: ChildProcess;
  /** What it ended with: its code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  #out = '';
  #err = '';

  /** @param within - what the command line begins with, to run somewhere else */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    within: readonly string[] = [],
  ) {
    const [program = '', ...rest] = [...within, process.execPath, main, ...args];
    this.process = spawn(program, rest, {
      env: { ...process.env, ...environment },
    });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.#out += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.#err += chunk.toString()));
    this.ended = once(this.process, 'close').then(() => this.process.exitCode ?? this.process.signalCode);
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  /** What it has printed on stdout, one JSON value a line. */
  get values(): unknown[] {
    const lines = this.#out.slice(0, this.#out.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
  }

  /** Resolves to line `index` of stdout, as JSON; fails if the command ends before. */
  async value(index: number): Promise<unknown> {
    await until(() => this.values.length > index || this.process.exitCode !== null, 60_000);
    const found = this.values[index];
    if (found === undefined) throw new Error(`It ended without line ${String(index)}: ${this.#err}`);
    return found;
  }
}
