import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { BoltLogLevel } from '../../bolt/messages.ts';

/** Lines of one bolt that are logged in a minute. */
const linesPerMinute = 256;
/** What a bolt may write to its log in a minute, bytes; beyond that its process is ended. */
export const logBytesPerMinute = 4 * 2 ** 20;

const minuteMs = 60_000;
const maxCharacters = 1_000;

/** The log of one process of a bolt: messages of its protocol and lines of its standard error, both limited. */
export class BoltLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #decoder = new StringDecoder();
  #openLine = '';
  #minute = -Infinity;
  #lines = 0;
  #bytes = 0;
  #lastWords: string | undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The last line of its standard error that is no continuation: what a process that fails says of it. */
  get lastWords(): string | undefined {
    if (/^\p{L}/u.test(this.#openLine)) return this.#openLine;
    return this.#lastWords;
  }

  /**
   * Takes what it wrote to its standard error.
   * @returns whether that is still within the limit
   */
  writeError(chunk: Buffer): boolean {
    const lines = (this.#openLine + this.#decoder.write(chunk)).split('\n');
    this.#openLine = (lines.pop() ?? '').slice(0, maxCharacters);
    for (const line of lines) {
      if (/^\p{L}/u.test(line)) this.#lastWords = cut(line);
      if (line.trim() !== '') this.#writeLine('warn', line);
    }
    return this.#count(chunk.length);
  }

  /**
   * Takes a message of its protocol.
   * @returns whether that is still within the limit
   */
  write(level: BoltLogLevel, message: string): boolean {
    this.#writeLine(level, message);
    return this.#count(message.length);
  }

  #count(bytes: number): boolean {
    this.#turn();
    this.#bytes += bytes;
    return this.#bytes <= logBytesPerMinute;
  }

  #writeLine(level: BoltLogLevel, message: string): void {
    this.#turn();
    this.#lines += 1;
    if (this.#lines <= linesPerMinute) this.#log[level]({ source: 'bolt' }, cut(message));
  }

  /** Begins another minute when it is time. */
  #turn(): void {
    const now = this.#clock.monotonic();
    if (now - this.#minute < minuteMs) return;
    this.end();
    this.#minute = now;
    this.#lines = 0;
    this.#bytes = 0;
  }

  /** Says how many lines were left out. */
  end(): void {
    const leftOut = this.#lines - linesPerMinute;
    if (leftOut > 0) this.#log.warn({ lines: leftOut }, 'lines of the bolt were left out');
  }
}

function cut(text: string): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}…`;
}
