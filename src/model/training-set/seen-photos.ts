import { createHash, randomInt } from 'node:crypto';
import { hashId, IdIndex } from '../feature-store/id-index.ts';

/** Which photos have come, and with which content: some twenty bytes a photo. */
export class SeenPhotos {
  readonly #index = new IdIndex();
  readonly #seed = randomInt(2 ** 32);

  /** Takes note of a photo; tells whether it is new, has come already as it is, or has come otherwise. */
  note(id: Uint8Array, content: Uint8Array): 'new' | 'same' | 'other' {
    const hash = hashId(id, this.#seed);
    // The index takes numbers below 2^32 − 1.
    const digest = createHash('sha256').update(content).digest().readUInt32LE() >>> 1;
    const [before] = this.#index.candidates(hash);
    if (before !== undefined) return before === digest ? 'same' : 'other';
    this.#index.insert(hash, digest);
    return 'new';
  }
}
