/** Parts of the index, so that a growing one holds nobody up: each grows by itself, in milliseconds. */
const parts = 64;
const firstCapacity = 16;
const maxLoad = 0.8;
const empty = 0xffffffff;

/** 53 bits of a hash of an id (cyrb53); `seed` keeps others from making ids that fall on each other. */
export function hashId(id: Uint8Array, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < id.length; index++) {
    const byte = id[index] ?? 0;
    high = Math.imul(high ^ byte, 2654435761);
    low = Math.imul(low ^ byte, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (low & 0x1fffff) * 4294967296 + (high >>> 0);
}

/**
 * Where the rows of ids are, by hash: 12 bytes an entry in tables that are 40 to 80 % full. Ids with the same hash
 * have an entry each; whoever asks looks which of the places is the id's.
 */
export class IdIndex {
  readonly #tables = Array.from({ length: parts }, () => new Table());

  /** Places of ids with this hash: mostly none or one. */
  candidates(hash: number): number[] {
    return this.#tableOf(hash).candidates(hash);
  }

  /** @param place - below 2^32 − 1 */
  insert(hash: number, place: number): void {
    this.#tableOf(hash).insert(hash, place);
  }

  /** Puts `to` in the place of `from`; tells whether `from` was there. */
  move(hash: number, from: number, to: number): boolean {
    return this.#tableOf(hash).move(hash, from, to);
  }

  /** Tells whether it was there. */
  delete(hash: number, place: number): boolean {
    return this.#tableOf(hash).delete(hash, place);
  }

  /** Memory of the tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  #tableOf(hash: number): Table {
    // The tables use the lower 32 bits.
    return this.#tables[Math.floor(hash / 4294967296) % parts] ?? new Table();
  }
}

/** Open addressing with linear probing; a deletion closes its gap, so that nothing marks it. */
class Table {
  #hashes = new Float64Array(firstCapacity);
  #places = new Uint32Array(firstCapacity).fill(empty);
  #mask = firstCapacity - 1;
  #size = 0;

  get bytes(): number {
    return this.#hashes.byteLength + this.#places.byteLength;
  }

  candidates(hash: number): number[] {
    const found: number[] = [];
    for (let slot = hash & this.#mask; this.#places[slot] !== empty; slot = (slot + 1) & this.#mask)
      if (this.#hashes[slot] === hash) found.push(this.#places[slot] ?? empty);
    return found;
  }

  insert(hash: number, place: number): void {
    if (this.#size >= maxLoad * this.#places.length) this.#grow();
    this.#put(hash, place);
    this.#size += 1;
  }

  move(hash: number, from: number, to: number): boolean {
    const slot = this.#slotOf(hash, from);
    if (slot < 0) return false;
    this.#places[slot] = to;
    return true;
  }

  delete(hash: number, place: number): boolean {
    let gap = this.#slotOf(hash, place);
    if (gap < 0) return false;
    this.#size -= 1;
    for (let slot = (gap + 1) & this.#mask; this.#places[slot] !== empty; slot = (slot + 1) & this.#mask) {
      const moved = this.#hashes[slot] ?? 0;
      // An entry may not move to before the slot where its probing starts.
      if (((slot - (moved & this.#mask)) & this.#mask) < ((slot - gap) & this.#mask)) continue;
      this.#hashes[gap] = moved;
      this.#places[gap] = this.#places[slot] ?? empty;
      gap = slot;
    }
    this.#places[gap] = empty;
    return true;
  }

  #slotOf(hash: number, place: number): number {
    for (let slot = hash & this.#mask; this.#places[slot] !== empty; slot = (slot + 1) & this.#mask)
      if (this.#places[slot] === place && this.#hashes[slot] === hash) return slot;
    return -1;
  }

  #put(hash: number, place: number): void {
    let slot = hash & this.#mask;
    while (this.#places[slot] !== empty) slot = (slot + 1) & this.#mask;
    this.#hashes[slot] = hash;
    this.#places[slot] = place;
  }

  #grow(): void {
    const [hashes, places] = [this.#hashes, this.#places];
    this.#hashes = new Float64Array(2 * hashes.length);
    this.#places = new Uint32Array(2 * places.length).fill(empty);
    this.#mask = 2 * places.length - 1;
    for (let slot = 0; slot < places.length; slot++) {
      const place = places[slot] ?? empty;
      if (place !== empty) this.#put(hashes[slot] ?? 0, place);
    }
  }
}
