/** Which rows of a segment count: a bit each. A row that was replaced or removed does not. */
export class LiveRows {
  #bits = new Uint8Array(64);
  #count = 0;

  /** How many do. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bits.length;
  }

  has(row: number): boolean {
    return hasBit(this.#bits, row);
  }

  add(row: number): void {
    if (this.has(row)) return;
    if (row >>> 3 >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bits.length, (row >>> 3) + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[row >>> 3] = (this.#bits[row >>> 3] ?? 0) | (1 << (row & 7));
    this.#count += 1;
  }

  delete(row: number): void {
    if (!this.has(row)) return;
    this.#bits[row >>> 3] = (this.#bits[row >>> 3] ?? 0) & ~(1 << (row & 7));
    this.#count -= 1;
  }

  /** The bits of `rows` rows, as they are now; row r is bit r mod 8 of byte r / 8. */
  copy(rows: number): Uint8Array<ArrayBuffer> {
    const bits = new Uint8Array((rows + 7) >>> 3);
    bits.set(this.#bits.subarray(0, bits.length));
    return bits;
  }
}

/** Whether a row's bit is set. */
export function hasBit(bits: Uint8Array, row: number): boolean {
  return ((bits[row >>> 3] ?? 0) & (1 << (row & 7))) !== 0;
}
