import { Readable, Writable } from 'node:stream';
import type { Cli } from '../../src/cli/cli.ts';
import { run } from '../../src/cli/program.ts';

/** A command line in this process: what it wrote, and its interruption. */
export class CapturedCli implements Cli {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly interrupted: AbortSignal;
  readonly #interruption = new AbortController();
  #out = '';
  #err = '';

  constructor(input: string | Readable = '') {
    this.stdin = typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input;
    this.stdout = collector((text) => (this.#out += text));
    this.stderr = collector((text) => (this.#err += text));
    this.interrupted = this.#interruption.signal;
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  /** What was written on stdout, one JSON value a line. */
  get values(): unknown[] {
    return this.#out
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  }

  /** Runs a command; resolves to its exit code. */
  run(...args: string[]): Promise<number> {
    return run(args, this);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#interruption.abort('SIGINT');
  }
}

function collector(add: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      add(String(chunk));
      done();
    },
  });
}
