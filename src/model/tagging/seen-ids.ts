import { hashId, IdIndex } from '../feature-store/id-index.ts';

/** A photo id as it is remembered: two ids have different ones, as far as anybody will ever see. */
export interface IdMark {
  /** 53 bits. */
  readonly hash: number;
  /** 31 bits of another hash. */
  readonly check: number;
}

/** Of the seed of the second hash. */
const otherSeed = 0x9e3779b9;

/** The mark of an id; those of one seed can be compared. */
export function markOf(id: Uint8Array, seed: number): IdMark {
  return { hash: hashId(id, seed), check: hashId(id, seed ^ otherSeed) % 2 ** 31 };
}

/** Which photo ids have come: some twenty bytes an id. */
export class SeenIds {
  readonly #seed: number;
  readonly #index = new IdIndex();
  readonly #onNew: (mark: IdMark) => void;

  /** @param onNew - told of each id that is {@link SeenIds.note}d for the first time */
  constructor(seed: number, onNew: (mark: IdMark) => void = () => undefined) {
    this.#seed = seed;
    this.#onNew = onNew;
  }

  /** Takes note of an id; tells whether it has come before. */
  note(id: Uint8Array): 'new' | 'same' {
    const mark = markOf(id, this.#seed);
    if (this.#has(mark)) return 'same';
    this.add(mark);
    this.#onNew(mark);
    return 'new';
  }

  /** Whether an id has come. */
  has(id: string): boolean {
    return this.#has(markOf(Buffer.from(id, 'utf8'), this.#seed));
  }

  /** Remembers an id that came earlier. */
  add({ hash, check }: IdMark): void {
    this.#index.insert(hash, check);
  }

  #has({ hash, check }: IdMark): boolean {
    return this.#index.candidates(hash).includes(check);
  }
}
