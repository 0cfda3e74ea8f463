import type { Catalogue } from './catalogue.ts';
import { placeOf } from './place.ts';
import type { Report } from './recovery.ts';
import type { Segment } from './segment.ts';
import {
  damagedRow,
  isIntact,
  maxFrameIds,
  rowBytes,
  rowOffset,
  type StoredFrame,
} from './segment-format.ts';

/**
 * Which segments are to be made one: neighbours of which one has rows that do not count, or that are small.
 * Of age, oldest first: a removal may be forgotten when the older segments have nothing left that it removed.
 *
 * @param capacity - rows that fit into one
 */
export function planCompaction(segments: readonly Segment[], capacity: number): Segment[][] {
  const groups: Segment[][] = [];
  let group: Segment[] = [];
  let rows = 0;
  const finish = () => {
    if (group.length > 1 || group.some(({ dirty }) => dirty)) groups.push(group);
    [group, rows] = [[], 0];
  };
  for (const segment of segments) {
    const isGood = !segment.dirty && segment.rows > capacity / 2;
    if (isGood || rows + segment.live.count > capacity) finish();
    if (isGood) continue;
    group.push(segment);
    rows += segment.live.count;
  }
  finish();
  return groups;
}

/** A row that was looked at: where it is, and the hash of its id. */
interface Row {
  readonly hash: number;
  readonly place: number;
}

/** Copies the rows that count from some segments into another; nobody is told of the copy before it is whole. */
export class SegmentCopy {
  /** The rows copied, in the order of their copies. */
  readonly copied: Row[] = [];
  /** Rows that should have been and cannot. */
  readonly damaged: Row[] = [];
  readonly #catalogue: Catalogue;
  readonly #target: Segment;
  readonly #report: Report;
  #ids: Buffer[] = [];
  #rows: Buffer[] = [];

  constructor(catalogue: Catalogue, target: Segment, report: Report) {
    this.#catalogue = catalogue;
    this.#target = target;
    this.#report = report;
  }

  /**
   * Copies, and makes the copy durable.
   * @param signal - gives it up
   * @throws Fault `DISK_FULL`, `FILE_WRITE`; the signal's reason
   */
  async run(sources: readonly Segment[], signal: AbortSignal): Promise<void> {
    for (const source of sources)
      for await (const frame of source.frames()) {
        signal.throwIfAborted();
        if (frame.kind === 'rows') await this.#copy(source, frame);
      }
    await this.#flush();
    await this.#target.sync();
  }

  async #copy(source: Segment, { firstRow, ids }: StoredFrame): Promise<void> {
    const bytes = rowBytes(source.dims);
    const counting = ids.map((_, index) => source.live.has(firstRow + index));
    if (!counting.includes(true)) return;
    const rows = await source.readRows(firstRow, ids.length);
    for (const [index, id] of ids.entries()) {
      if (counting[index] !== true) continue;
      const row = rows.subarray(index * bytes, (index + 1) * bytes);
      const place = { hash: this.#catalogue.hash(id), place: placeOf(source.slot, firstRow + index) };
      if (isIntact(row)) {
        this.copied.push(place);
        this.#ids.push(id);
        this.#rows.push(row);
        if (this.#ids.length === maxFrameIds) await this.#flush();
      } else {
        this.damaged.push(place);
        this.#report(damagedRow(source.files.rows, rowOffset(firstRow + index, source.dims)));
      }
    }
  }

  async #flush(): Promise<void> {
    if (this.#ids.length === 0) return;
    await this.#target.append([{ kind: 'rows', ids: this.#ids, rows: Buffer.concat(this.#rows) }], false);
    [this.#ids, this.#rows] = [[], []];
  }
}
