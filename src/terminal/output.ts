import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { WireFault } from '../base/errors.ts';
import { jsonLine, printable } from './printable.ts';

/** Where a command writes. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** What a command says: results on stdout, everything else on stderr; for people, or as JSON, one value a line. */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.json = json;
  }

  /**
   * Writes a result: `value` as JSON, or `text` for people, which is made printable by whoever makes it.
   * Resolves when the reader can take more.
   */
  async result(value: unknown, text: (() => string) | string): Promise<void> {
    const line = this.json ? jsonLine(value) : typeof text === 'string' ? text : text();
    if (line !== '') await this.#write(this.#streams.stdout, line);
  }

  /** Says something beside the result: a sentence for people, nothing with `--json`. */
  notice(text: string): void {
    if (!this.json) this.#streams.stderr.write(`${text}\n`);
  }

  /** Says something beside the result, to people and programs. */
  aside(value: unknown, text: string): void {
    this.#streams.stderr.write(`${this.json ? jsonLine(value) : text}\n`);
  }

  /** Reports what went wrong. */
  error({ code, message }: Pick<WireFault, 'code' | 'message'>): void {
    this.aside({ error: { code, message } }, printable(message));
  }

  async #write(stream: Writable, line: string): Promise<void> {
    // A reader that has gone is noticed by whoever owns the stream.
    if (!stream.write(`${line}\n`) && !stream.destroyed) await once(stream, 'drain');
  }
}
