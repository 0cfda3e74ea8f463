import type { SqlDatabase } from './database.ts';
import { changedBlock, chunkOf, placeOf, withdrawn } from './posting-block.ts';
import type { PostingBlock } from './posting-block.ts';
import { blockKey, termOf, type PostingLists } from './posting-lists.ts';

/** A photo's score for one term. */
interface TermScore {
  readonly term: number;
  /** Whole number of 1/10,000. */
  readonly score: number;
}

/** What one transaction does to the postings, gathered so that each block is read and written once. */
export class PostingChanges {
  /** Photos more (or less, if negative) than before. */
  photos = 0;
  /** By the block's key. */
  readonly #blocks = new Map<number, Map<number, number>>();

  /** Of tags that differ in case alone, the best counts. */
  add(photo: number, tags: readonly TermScore[]): void {
    const place = placeOf(photo);
    for (const { term, score } of tags) {
      const changes = this.#changesOf(term, photo);
      changes.set(place, Math.max(score, changes.get(place) ?? withdrawn));
    }
  }

  /** Before what is added of the photo. */
  remove(photo: number, tags: readonly TermScore[]): void {
    const place = placeOf(photo);
    for (const { term } of tags) this.#changesOf(term, photo).set(place, withdrawn);
  }

  /** Brings postings and counts up to date. */
  apply(database: SqlDatabase, lists: PostingLists): void {
    if (this.photos !== 0) database.prepare('UPDATE totals SET photos = photos + ?').run(this.photos);
    if (this.#blocks.size === 0) return;
    const before = lists.read([...this.#blocks.keys()], 'whole');
    const after = new Map<number, PostingBlock>();
    const counts = new Map<number, number>();
    for (const [key, changes] of this.#blocks) {
      const block = before.get(key) ?? new Uint32Array();
      const merged = changedBlock(block, changes);
      after.set(key, merged);
      const term = termOf(key);
      counts.set(term, (counts.get(term) ?? 0) + merged.length - block.length);
    }
    lists.write(after);
    database
      .prepare(
        `UPDATE terms SET photos = photos + (change.value ->> 1)
         FROM json_each(?) AS change WHERE terms.id = change.value ->> 0`,
      )
      .run(JSON.stringify([...counts].filter(([, change]) => change !== 0)));
  }

  #changesOf(term: number, photo: number): Map<number, number> {
    const key = blockKey(term, chunkOf(photo));
    const changes = this.#blocks.get(key) ?? new Map<number, number>();
    this.#blocks.set(key, changes);
    return changes;
  }
}
