import { Fault } from '../../base/errors.ts';
import type { Catalogue } from './catalogue.ts';
import { placeOf } from './place.ts';
import type { Segment } from './segment.ts';
import { isIntact, rowBytes, rowOffset, type StoredFrame } from './segment-format.ts';

/** Told of what was found damaged or unfinished, and left out: `FEATURES_DAMAGED`, `FEATURES_CUT`. */
export type Report = (fault: Fault) => void;

/**
 * Reads what segments hold into a catalogue; of their rows, only those of the last append.
 *
 * Only the last segment was being written when its process or power ended. Whatever is wrong with its last append is taken for
 * an append that was not finished, and cut off. Anything else that cannot be read is damage: it is left out.
 *
 * @param segments - by age, oldest first
 */
export async function recover(
  catalogue: Catalogue,
  segments: readonly Segment[],
  report: Report,
): Promise<void> {
  for (const segment of segments) {
    catalogue.admit(segment);
    await new SegmentRecovery(catalogue, segment, report).run(segment === segments.at(-1));
  }
  catalogue.arrange(segments);
}

class SegmentRecovery {
  readonly #catalogue: Catalogue;
  readonly #segment: Segment;
  readonly #report: Report;
  /** Rows that are in the file. */
  #rowsThere = 0;

  constructor(catalogue: Catalogue, segment: Segment, report: Report) {
    this.#catalogue = catalogue;
    this.#segment = segment;
    this.#report = report;
  }

  async run(last: boolean): Promise<void> {
    const segment = this.#segment;
    const { ids: end, rows } = await segment.fileBytes();
    this.#rowsThere = Math.floor((rows - rowOffset(0, segment.dims)) / rowBytes(segment.dims));
    /** The frames of one append; the next one shows that it was durable. */
    let append: StoredFrame[] = [];
    const gaps: { offset: number; bytes: number }[] = [];
    const onGap = (offset: number, bytes: number) => gaps.push({ offset, bytes });
    for await (const frame of segment.frames({ end, onGap })) {
      const before = append.at(-1);
      if (before !== undefined && before.following <= frame.following) {
        await this.#apply(append);
        append = [];
      }
      append.push(frame);
    }
    if (!last || (await this.#isWhole(append))) await this.#apply(append);
    for (const { offset, bytes } of gaps)
      if (!last || offset < segment.idsEnd)
        this.#damaged(segment.files.ids, offset, `${String(bytes)} bytes of ids cannot be read`);
    if (last) await this.#cut(end, rows);
  }

  /** Whether an append was finished. */
  async #isWhole(append: readonly StoredFrame[]): Promise<boolean> {
    if (append[0]?.following !== append.length - 1) return false;
    for (const { kind, firstRow, ids } of append)
      if (kind === 'rows' && !(await this.#areIntact(firstRow, ids.length))) return false;
    return true;
  }

  async #areIntact(first: number, count: number): Promise<boolean> {
    const bytes = rowBytes(this.#segment.dims);
    const rows = await this.#segment.readRows(first, count);
    if (rows.length < count * bytes) return false;
    for (let at = 0; at < rows.length; at += bytes)
      if (!isIntact(rows.subarray(at, at + bytes))) return false;
    return true;
  }

  async #apply(append: readonly StoredFrame[]): Promise<void> {
    for (const frame of append) {
      this.#segment.commit(frame);
      if (frame.kind === 'rows') await this.#applyRows(frame);
      else for (const id of frame.ids) await this.#remove(id);
    }
  }

  async #applyRows({ firstRow, ids }: StoredFrame): Promise<void> {
    for (const [index, id] of ids.entries()) {
      // Its older row was replaced, whatever became of this one.
      if (firstRow + index >= this.#rowsThere) await this.#remove(id);
      else {
        const hash = this.#catalogue.hash(id);
        const before = await this.#catalogue.find(id, hash);
        this.#catalogue.set(hash, placeOf(this.#segment.slot, firstRow + index), before);
      }
    }
    const { files, dims } = this.#segment;
    const missing = firstRow + ids.length - Math.max(firstRow, this.#rowsThere);
    if (missing > 0)
      this.#damaged(
        files.rows,
        rowOffset(Math.max(firstRow, this.#rowsThere), dims),
        `${String(missing)} rows are missing`,
      );
  }

  async #remove(id: Buffer): Promise<void> {
    const hash = this.#catalogue.hash(id);
    const place = await this.#catalogue.find(id, hash);
    if (place !== undefined) this.#catalogue.delete(hash, place);
  }

  /** Cuts both files to what was applied. */
  async #cut(ids: number, rows: number): Promise<void> {
    const { files, idsEnd, rows: committed, dims } = this.#segment;
    const excess = [
      { file: files.ids, offset: idsEnd, bytes: ids - idsEnd },
      { file: files.rows, offset: rowOffset(committed, dims), bytes: rows - rowOffset(committed, dims) },
    ].filter(({ bytes }) => bytes > 0);
    if (excess.length === 0) return;
    await this.#segment.cut();
    for (const details of excess) this.#report(new Fault('FEATURES_CUT', details));
  }

  #damaged(file: string, offset: number, reason: string): void {
    this.#segment.damaged = true;
    this.#report(new Fault('FEATURES_DAMAGED', { file, offset, reason }));
  }
}
