import type { InputProblem } from './input-problem.ts';
import { type FileReading, readUnpacked } from './input-file.ts';

/** A place in a file: the beginning of a line. */
export interface LinePlace {
  /** In the unpacked file, bytes. */
  readonly offset: number;
  /** Number of the line that begins there, from 1; blank lines count. */
  readonly line: number;
}

/** A line of a file, or what is wrong with it. */
export type Line =
  | {
      /** From 1; blank lines count. */
      readonly number: number;
      /** Without its ending; valid until the next lines are asked for. */
      readonly bytes: Buffer;
      readonly problem?: never;
      /** What comes after it. */
      readonly next: LinePlace;
    }
  | { readonly number: number; readonly problem: InputProblem; readonly bytes?: never };

/** Which lines of a file are read. */
export interface LineReading extends Omit<FileReading, 'from'> {
  /** As {@link Line} has it; default the first line. */
  readonly from?: LinePlace | undefined;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a file in batches, without blank ones and a byte order mark; they end with LF, CRLF or CR. Memory is bounded by
 * the longest line that is allowed: of a longer one, nothing is kept but its number. A file that is cut off, or has changed meanwhile,
 * ends with a problem.
 *
 * @param maxBytes - longest line
 * @throws Fault `FILE_READ`
 */
export async function* readLines(
  file: string,
  maxBytes: number,
  { from = { offset: 0, line: 1 }, ...reading }: LineReading = {},
): AsyncGenerator<readonly Line[]> {
  let cut: string | undefined;
  // With the end of the line before, so that the feed of a return is no line.
  const begun = from.offset === 0 ? from : { offset: from.offset - 1, line: from.line - 1 };
  const splitter = new LineSplitter(file, maxBytes, begun);
  const pieces = readUnpacked(file, (reason) => (cut = reason), { ...reading, from: begun.offset });
  for await (const piece of pieces) yield splitter.split(piece);
  // What a cut file ends with is no whole line.
  if (cut === undefined) yield splitter.end();
  else
    yield [{ number: splitter.number, problem: { code: 'cut', file, line: splitter.number, reason: cut } }];
}

/** Splits pieces of a file into lines. */
class LineSplitter {
  readonly #file: string;
  readonly #maxBytes: number;
  /** The line that has begun: its parts, unless it is too long. */
  #parts: Buffer[] = [];
  #bytes = 0;
  #number: number;
  #endedByReturn = false;
  /** Of the file, before the piece that is split. */
  #offset: number;

  constructor(file: string, maxBytes: number, { offset, line }: LinePlace) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#offset = offset;
    this.#number = line;
  }

  /** Number of the line that has begun. */
  get number(): number {
    return this.#number;
  }

  split(piece: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    // A return is rare: it is looked for once, not in each line.
    let nextReturn = find(piece, carriageReturn, 0);
    let nextFeed = find(piece, lineFeed, 0);
    for (;;) {
      const end = Math.min(nextFeed, nextReturn);
      if (end === piece.length) break;
      const isFeedOfReturn = end === nextFeed && end === start && this.#endedByReturn && this.#bytes === 0;
      if (!isFeedOfReturn) this.#finish(piece.subarray(start, end), this.#offset + end + 1, lines);
      this.#endedByReturn = end === nextReturn;
      start = end + 1;
      if (end === nextReturn) nextReturn = find(piece, carriageReturn, start);
      else nextFeed = find(piece, lineFeed, start);
    }
    if (start < piece.length) this.#keep(Buffer.from(piece.subarray(start)));
    this.#offset += piece.length;
    return lines;
  }

  /** The last line, if nothing ended it. */
  end(): Line[] {
    const lines: Line[] = [];
    // As if it had an ending.
    this.#finish(Buffer.alloc(0), this.#offset + 1, lines);
    return lines;
  }

  #finish(rest: Buffer, end: number, lines: Line[]): void {
    this.#keep(rest);
    const line = this.#line(end);
    if (line !== undefined) lines.push(line);
    this.#number += 1;
    this.#parts = [];
    this.#bytes = 0;
  }

  #line(end: number): Line | undefined {
    const number = this.#number;
    if (this.#bytes > this.#maxBytes) {
      const reason = `is longer than ${String(this.#maxBytes)} bytes`;
      return { number, problem: { code: 'too-long', file: this.#file, line: number, reason } };
    }
    const [first] = this.#parts;
    let bytes = first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    if (number === 1 && bytes.subarray(0, 3).equals(byteOrderMark)) bytes = bytes.subarray(3);
    return bytes.length === 0 ? undefined : { number, bytes, next: { offset: end, line: number + 1 } };
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }
}

function find(piece: Buffer, byte: number, from: number): number {
  const at = piece.indexOf(byte, from);
  return at < 0 ? piece.length : at;
}
