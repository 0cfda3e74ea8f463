/** One message: what its line of JSON says, and the bytes that followed, mostly none. */
export interface Frame {
  readonly message: unknown;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a {@link FrameReader} takes. */
export interface FrameReaderOptions {
  /** A longer line is refused; without it, any line is taken. */
  readonly maxLineBytes?: number;
  /** How many bytes follow the line of a message; default none. */
  readonly bytesAfter?: (message: unknown) => number;
}

/** A line is longer than it may be. */
export class LineTooLong extends Error {}

const newline = 0x0a;

/** Reads messages from a stream, however it is cut into chunks: lines of JSON, some of them followed by bytes. */
export class FrameReader {
  readonly #maxLineBytes: number;
  readonly #bytesAfter: (message: unknown) => number;
  #line: Uint8Array[] = [];
  #lineBytes = 0;
  /** A message that waits for its bytes. */
  #open: Frame | undefined;
  #filled = 0;

  constructor({ maxLineBytes = Infinity, bytesAfter = () => 0 }: FrameReaderOptions = {}) {
    this.#maxLineBytes = maxLineBytes;
    this.#bytesAfter = bytesAfter;
  }

  /**
   * Takes the next chunk, and gives the messages that are complete with it.
   * @throws LineTooLong, or SyntaxError if a line is no JSON; nothing can be read after that
   */
  *read(chunk: Uint8Array): Generator<Frame, void> {
    let rest = chunk;
    while (rest.length > 0) {
      rest = this.#open === undefined ? this.#takeLine(rest) : this.#takeBytes(rest, this.#open.bytes);
      const frame = this.#open;
      if (frame === undefined || this.#filled < frame.bytes.length) continue;
      this.#open = undefined;
      yield frame;
    }
  }

  /** Up to the end of the line, if it is there. */
  #takeLine(chunk: Uint8Array): Uint8Array {
    const end = chunk.indexOf(newline);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#lineBytes += part.length;
    if (this.#lineBytes > this.#maxLineBytes)
      throw new LineTooLong(`a line is longer than ${String(this.#maxLineBytes)} bytes`);
    this.#line.push(part);
    if (end === -1) return chunk.subarray(chunk.length);
    const message: unknown = JSON.parse(Buffer.concat(this.#line).toString());
    this.#line = [];
    this.#lineBytes = 0;
    this.#open = { message, bytes: new Uint8Array(this.#bytesAfter(message)) };
    this.#filled = 0;
    return chunk.subarray(end + 1);
  }

  #takeBytes(chunk: Uint8Array, bytes: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, bytes.length - this.#filled);
    bytes.set(part, this.#filled);
    this.#filled += part.length;
    return chunk.subarray(part.length);
  }
}
