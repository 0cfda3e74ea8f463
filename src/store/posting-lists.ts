import type { SqlDatabase, Statement } from './database.ts';
import { scoreIn, type PostingBlock } from './posting-block.ts';
import { scoreUnits } from './tag-store.ts';

/** Chunks that a term may have. */
const chunkLimit = 2 ** 24;
/** More than any score, and than one more. */
const scoreLimit = scoreUnits + 2;
/** The best postings of a block lie apart, so that a search for the best photos reads no more of frequent tags. */
const headEntries = 256;

/** What a block of a term has, at most. */
export interface BlockBound {
  readonly chunk: number;
  /** The highest score. */
  readonly best: number;
  /** The highest score behind the head; −1 if that is all there is. */
  readonly rest: number;
}

/** What is read of blocks: the head, which has all that score more than `rest`, or all of them. */
export type BlockPart = 'head' | 'whole';

/** The number of a block: those of a term lie side by side, by chunk. */
export function blockKey(term: number, chunk: number): number {
  return term * chunkLimit + chunk;
}

/** The term of a block. */
export function termOf(key: number): number {
  return Math.floor(key / chunkLimit);
}

/** The postings of all terms in the database. A row costs the driver more than SQLite, so many blocks travel as one value. */
export class PostingLists {
  readonly #bounds: Statement<[bounds: string]>;
  readonly #read: Readonly<
    Record<BlockPart, Statement<[entries: Uint8Array | null, keys: string, sizes: string]>>
  >;
  readonly #heads: number;
  readonly #write: Statement;
  readonly #remove: Statement;

  constructor(database: SqlDatabase, heads = headEntries) {
    this.#heads = heads;
    this.#bounds = database.prepare(
      `SELECT json_group_array((key % ${String(chunkLimit)} * ${String(scoreLimit)} + best) * ${String(scoreLimit)} + rest + 1)
       FROM postings WHERE key >= ? AND key < ?`,
    );
    // Of bytes, || and group_concat() make a text, and lose none.
    const read = (entries: string, size: string) =>
      database.prepare<[Uint8Array | null, string, string]>(
        `SELECT CAST(group_concat(${entries}, '') AS BLOB), json_group_array(key), json_group_array(${size})
         FROM postings WHERE key IN (SELECT value FROM json_each(?))`,
      );
    this.#read = {
      head: read('head', 'length(head)'),
      whole: read('head || tail', 'length(head) + length(tail)'),
    };
    this.#write = database.prepare(
      `REPLACE INTO postings (key, best, rest, head, tail)
       SELECT value ->> 0, value ->> 1, value ->> 2, substr(?2, value ->> 3, value ->> 4), substr(?2, value ->> 5, value ->> 6)
       FROM json_each(?1)`,
    );
    this.#remove = database.prepare('DELETE FROM postings WHERE key IN (SELECT value FROM json_each(?))');
  }

  /** The chunks in which photos have a term, in order. */
  bounds(term: number): BlockBound[] {
    const [bounds] = this.#bounds.one(blockKey(term, 0), blockKey(term + 1, 0));
    return (JSON.parse(bounds) as number[]).map((bound) => {
      const above = Math.floor(bound / scoreLimit);
      return {
        chunk: Math.floor(above / scoreLimit),
        best: above % scoreLimit,
        rest: (bound % scoreLimit) - 1,
      };
    });
  }

  /** Blocks by {@link blockKey}; none where no photo has the term. */
  read(keys: readonly number[], part: BlockPart): Map<number, PostingBlock> {
    const [bytes, found, sizes] = this.#read[part].one(JSON.stringify(keys));
    const entries = bytes === null ? new Uint32Array() : asEntries(bytes);
    const lengths = JSON.parse(sizes) as number[];
    let at = 0;
    return new Map(
      (JSON.parse(found) as number[]).map((key, index) => {
        const length = (lengths[index] ?? 0) / Uint32Array.BYTES_PER_ELEMENT;
        return [key, entries.subarray(at, (at += length))];
      }),
    );
  }

  /** Puts blocks in the place of what was there; empty ones go. */
  write(blocks: ReadonlyMap<number, PostingBlock>): void {
    const kept = [...blocks].filter(([, block]) => block.length > 0);
    const emptied = [...blocks].filter(([, block]) => block.length === 0).map(([key]) => key);
    // SQLite counts from 1.
    let at = 1;
    const rows = kept.map(([key, block]) => {
      const head = block.subarray(0, this.#heads).byteLength;
      const tail = block.byteLength - head;
      const rest = tail === 0 ? -1 : scoreIn(block[this.#heads] ?? 0);
      const row = [key, scoreIn(block[0] ?? 0), rest, at, head, at + head, tail];
      at += block.byteLength;
      return row;
    });
    const bytes = Buffer.concat(
      kept.map(([, { buffer, byteOffset, byteLength }]) => new Uint8Array(buffer, byteOffset, byteLength)),
    );
    if (kept.length > 0) this.#write.run(JSON.stringify(rows), bytes);
    if (emptied.length > 0) this.#remove.run(JSON.stringify(emptied));
  }
}

/** Bytes that may lie anywhere as numbers. */
function asEntries(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint32Array(
    aligned.buffer,
    aligned.byteOffset,
    aligned.byteLength / Uint32Array.BYTES_PER_ELEMENT,
  );
}
