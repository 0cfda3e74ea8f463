import fc from 'fast-check';
import type { RequantiseConstants, WindowShape } from './scalar-reference.ts';

/** Numbers of one kind from a seed: shapes shrink, contents need not. */
export class Filler {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** An integer of `low ≤ n ≤ high`, one in four of them at an end. */
  integer(low: number, high: number): number {
    const draw = this.#next();
    if (draw % 8 === 0) return low;
    if (draw % 8 === 1) return high;
    return low + (this.#next() % (high - low + 1));
  }

  int16(length: number, low = -32_768, high = 32_767): Int16Array {
    return Int16Array.from({ length }, () => this.integer(low, high));
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.integer(0, 255));
  }

  floats(length: number): Float32Array {
    return Float32Array.from({ length }, () => (this.#next() / 2 ** 31 - 1) * 3);
  }

  /** Constants for `outputs` channels whose results fall inside, on and beyond the bounds. */
  constants(outputs: number): RequantiseConstants {
    const low = this.integer(-32_768, 0);
    return {
      bias: Int32Array.from(
        { length: outputs },
        () => this.integer(-(2 ** 31), 2 ** 31 - 1) >> this.integer(0, 31),
      ),
      multiplier: Float32Array.from(
        { length: outputs },
        () => 2 ** -this.integer(4, 24) * (1 + this.#next() / 2 ** 32),
      ),
      low,
      high: this.integer(low, 32_767),
    };
  }

  /** xorshift32 (Marsaglia, 2003). */
  #next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state;
  }
}

/** Contents for whatever shape comes with them. */
export const fillers = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((seed) => ({ seed }));

/** Channels: a multiple of 8. */
export const channels = fc.integer({ min: 1, max: 7 }).map((eights) => eights * 8);

/** Windows of all kernels and strides, on images from a single pixel up. */
export function windows(kernels: readonly number[], strides: readonly number[]): fc.Arbitrary<WindowShape> {
  return fc.record({
    rows: fc.integer({ min: 1, max: 13 }),
    columns: fc.integer({ min: 1, max: 19 }),
    kernel: fc.constantFrom(...kernels),
    stride: fc.constantFrom(...strides),
  });
}
