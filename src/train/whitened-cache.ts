import type { LinearBatch } from '../vision/linear-batch.ts';

/** What a thread keeps of whitened rows between epochs, in bytes. */
const budgetBytes = 192 * 1024 * 1024;

/**
 * Whitened rows of one training set that a thread has projected before, for the next epoch: as many shards as fit, the first ones that
 * come. What does not fit is projected again; that costs `dims / (4 · classes)` of learning from it.
 */
export class WhitenedCache {
  #whitening = '';
  #bytes = 0;
  readonly #rows = new Map<string, Float32Array>();

  /** Puts the rows of a batch back in place; tells whether it had them. */
  restore(whitening: string, key: string, batch: LinearBatch): boolean {
    const rows = this.#whitening === whitening ? this.#rows.get(key) : undefined;
    if (rows !== undefined) batch.load(rows);
    return rows !== undefined;
  }

  /** Keeps the rows of a batch, if there is room. Another whitening's rows make room first. */
  keep(whitening: string, key: string, batch: LinearBatch): void {
    if (this.#whitening !== whitening) {
      this.#rows.clear();
      this.#bytes = 0;
      this.#whitening = whitening;
    }
    const bytes = batch.rows * batch.dims * Float32Array.BYTES_PER_ELEMENT;
    if (this.#bytes + bytes > budgetBytes) return;
    this.#rows.set(key, batch.read());
    this.#bytes += bytes;
  }
}
