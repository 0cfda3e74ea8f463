/** Ends reading with an error that says why the bytes cannot be used. */
export type Refuse = (reason: string) => never;

/** Little-endian values from front to back; every read is checked against the end. */
export class ByteReader {
  readonly refuse: Refuse;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.refuse = refuse;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The text up to the next line feed, without it. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) this.refuse('it is cut off');
    const text = Buffer.from(this.take(end - this.#position)).toString('latin1');
    this.#advance(1);
    return text;
  }

  #advance(length: number): number {
    if (length > this.remaining) this.refuse('it is cut off');
    const start = this.#position;
    this.#position += length;
    return start;
  }
}
