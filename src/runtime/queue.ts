const firstCapacity = 16;

/** First in, first out, over a ring that grows by doubling. */
export class Queue<Item> {
  #ring: (Item | undefined)[] = new Array<Item | undefined>(firstCapacity);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#ring.length) this.#resize([...this, ...new Array<undefined>(this.#length)]);
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item;
    this.#length += 1;
  }

  /** The oldest item; `undefined` when empty. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length -= 1;
    return item;
  }

  /** Removes what matches; the rest keeps its order. */
  remove(matches: (item: Item) => boolean): void {
    const kept = [...this].filter((item) => !matches(item));
    this.clear();
    for (const item of kept) this.push(item);
  }

  clear(): void {
    this.#ring = new Array<Item | undefined>(firstCapacity);
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.#length; index += 1)
      yield this.#ring[(this.#head + index) & (this.#ring.length - 1)] as Item;
  }

  #resize(ring: (Item | undefined)[]): void {
    this.#ring = ring;
    this.#head = 0;
  }
}
