import type { BlobRef, BlobStore } from '../blob-store.ts';
import {
  blockHeadBytes,
  type BlockKind,
  bytesOf,
  checkLength,
  damagedBlock,
  encodeBlockHead,
  maxBlockRows,
  type OpenBlock,
  openBlock,
  readInto,
} from './block-format.ts';
import type { LabelRows } from './label-rows.ts';

/*
 * A label block, after its head (rows, classes, form, entries):
 *
 *   positives, negatives   u32 [classes] each
 *   dense:   labels        2 bits [rows × classes], each row begins a byte, lowest bits first
 *   sparse:  starts        u32 [rows + 1]  where the entries of each row begin
 *            entries       u32 [entries]   class × 4 + label, by class; what a row does not list has its default
 *            defaults      u8 [rows]       label
 *
 * Labels: 0 none, 1 positive, 2 negative.
 */

const kind: BlockKind = { magic: 'ATLABL\x1a\n', name: 'a label block' };
const maxClasses = 1_000_000;
const maxBytes = 1024 ** 3;
const dense = 0;
const sparse = 1;

/** What two bits stand for. */
const signs = Int8Array.of(0, 1, -1, 0);

/** Stores the labels of a shard, in the form that takes less. @throws Fault `DISK_FULL`, `FILE_WRITE` */
export function putLabelBlock(blobs: BlobStore, rows: LabelRows): Promise<BlobRef> {
  const { classes, starts, defaults } = rows;
  const entries = rows.entries();
  const isDense = denseBytes(rows.count, classes) <= sparseBytes(rows.count, entries.length);
  const head = encodeBlockHead(kind, [
    rows.count,
    classes,
    isDense ? dense : sparse,
    isDense ? 0 : entries.length,
  ]);
  const body = isDense
    ? [packLabels(rows, entries)]
    : [bytesOf(Uint32Array.from(starts)), bytesOf(entries), Uint8Array.from(defaults)];
  return blobs.put([head, bytesOf(rows.positives()), bytesOf(rows.negatives()), ...body]);
}

function denseBytes(rows: number, classes: number): number {
  return rows * Math.ceil(classes / 4);
}

function sparseBytes(rows: number, entries: number): number {
  return 4 * (rows + 1) + 4 * entries + rows;
}

function packLabels(
  { count, classes, starts, defaults }: LabelRows,
  entries: Uint32Array,
): Uint8Array<ArrayBuffer> {
  const stride = Math.ceil(classes / 4);
  const packed = new Uint8Array(count * stride);
  for (let row = 0; row < count; row++) {
    const label = defaults[row] ?? 0;
    if (label !== 0) packed.fill(label * 0b01010101, row * stride, (row + 1) * stride);
    for (let index = starts[row] ?? 0; index < (starts[row + 1] ?? 0); index++) {
      const entry = entries[index] ?? 0;
      const at = row * stride + (entry >>> 4);
      const shift = ((entry >>> 2) & 3) * 2;
      packed[at] = ((packed[at] ?? 0) & ~(3 << shift)) | ((entry & 3) << shift);
    }
  }
  return packed;
}

/** The labels of a shard, in memory. */
export class LabelBlockReader {
  readonly rows: number;
  readonly classes: number;
  /** Examples of each class in this block, `[classes]`. */
  readonly positives: Uint32Array;
  readonly negatives: Uint32Array;
  readonly #isDense: boolean;
  /** Dense: the packed labels. Sparse: the default of each row. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #entries: Uint32Array;

  private constructor({ file, head }: OpenBlock, body: ArrayBuffer) {
    const [rows = 0, classes = 0, form, entries = 0] = head;
    this.rows = rows;
    this.classes = classes;
    this.#isDense = form === dense;
    this.positives = new Uint32Array(body, 0, classes);
    this.negatives = new Uint32Array(body, 4 * classes, classes);
    const start = 8 * classes;
    const starts = this.#isDense ? 0 : rows + 1;
    this.#starts = new Uint32Array(body, start, starts);
    this.#entries = new Uint32Array(body, start + 4 * starts, this.#isDense ? 0 : entries);
    this.#bytes = new Uint8Array(body, start + 4 * (starts + this.#entries.length));
    this.#checkEntries(file);
  }

  /** @throws Fault `NOT_FOUND`; `BLOB_DAMAGED` if it is no label block, or what it says cannot be */
  static async open(file: string): Promise<LabelBlockReader> {
    const block = await openBlock(file, kind);
    try {
      const [rows = 0, classes = 0, form = -1, entries = 0] = block.head;
      if (rows > maxBlockRows || classes > maxClasses || form > sparse || block.bytes > maxBytes)
        throw damagedBlock(file, 'its parts are larger than allowed');
      const labels = form === dense ? denseBytes(rows, classes) : sparseBytes(rows, entries);
      checkLength(block, blockHeadBytes + 8 * classes + labels);
      const body = new Uint8Array(8 * classes + labels);
      await readInto(file, block.handle, body, blockHeadBytes);
      return new LabelBlockReader(block, body.buffer);
    } finally {
      await block.handle.close();
    }
  }

  #checkEntries(file: string): void {
    if (this.#isDense) return;
    let before = 0;
    for (const start of this.#starts) {
      if (start < before) throw damagedBlock(file, 'its rows are out of order');
      before = start;
    }
    if (this.#starts[0] !== 0 || before !== this.#entries.length)
      throw damagedBlock(file, 'its rows do not cover its entries');
    for (const entry of this.#entries)
      if (entry >>> 2 >= this.classes) throw damagedBlock(file, 'it names a class that it does not have');
  }

  /**
   * The labels of some rows for some classes.
   * @param target - `Int8Array [rows × classes]`, row-major: +1 positive, −1 negative, 0 unlabelled
   */
  fill(firstRow: number, rows: number, firstClass: number, classes: number, target: Int8Array): void {
    const isInside =
      firstRow >= 0 &&
      firstRow + rows <= this.rows &&
      firstClass >= 0 &&
      firstClass + classes <= this.classes;
    if (!isInside || target.length < rows * classes) throw new RangeError('outside of the label block');
    for (let row = 0; row < rows; row++) {
      const labels = target.subarray(row * classes, (row + 1) * classes);
      if (this.#isDense) this.#unpack(firstRow + row, firstClass, labels);
      else this.#scatter(firstRow + row, firstClass, labels);
    }
  }

  #unpack(row: number, firstClass: number, labels: Int8Array): void {
    const start = row * Math.ceil(this.classes / 4);
    for (let index = 0; index < labels.length; index++) {
      const at = firstClass + index;
      const byte = this.#bytes[start + (at >>> 2)] ?? 0;
      labels[index] = signs[(byte >>> ((at & 3) * 2)) & 3] ?? 0;
    }
  }

  #scatter(row: number, firstClass: number, labels: Int8Array): void {
    labels.fill(signs[(this.#bytes[row] ?? 0) & 3] ?? 0);
    const end = this.#starts[row + 1] ?? 0;
    for (let index = this.#find(row, firstClass); index < end; index++) {
      const entry = this.#entries[index] ?? 0;
      const at = (entry >>> 2) - firstClass;
      if (at >= labels.length) return;
      labels[at] = signs[entry & 3] ?? 0;
    }
  }

  /** The first entry of a row that is of a class or a later one. */
  #find(row: number, firstClass: number): number {
    let low = this.#starts[row] ?? 0;
    let high = this.#starts[row + 1] ?? 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] ?? 0) >>> 2 < firstClass) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
