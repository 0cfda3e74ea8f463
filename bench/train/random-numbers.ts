/** Pseudo-random numbers by xorshift; the same from the same seed. */
export class RandomNumbers {
  #state: number;

  /** @param seed - any whole number; neighbouring seeds have nothing in common */
  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
    for (let round = 0; round < 4; round += 1) this.#next();
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return (this.#next() >>> 0) % limit;
  }

  /** Mean 0, variance 1, bell-shaped: the sum of four uniform numbers, a byte each. */
  bell(): number {
    const bits = this.#next();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    return (sum - 510) / 147.8;
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state;
  }
}
