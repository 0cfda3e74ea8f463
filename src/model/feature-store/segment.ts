import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, reasonOf } from '../../base/errors.ts';
import type { ExtractorReference } from '../model-header.ts';
import { writeFault } from '../../base/write-fault.ts';
import { type FrameRange, readFrames, readFully } from './frame-reader.ts';
import { LiveRows } from './live-rows.ts';
import {
  encodeFrame,
  encodeHeader,
  type Frame,
  headerBytes,
  rowOffset,
  type StoredFrame,
} from './segment-format.ts';

/** The files of a segment. */
export interface SegmentFiles {
  readonly ids: string;
  readonly rows: string;
}

/** The files of segment `number`. */
export function segmentFiles(folder: string, number: number): SegmentFiles {
  return { ids: join(folder, `${String(number)}.ids`), rows: join(folder, `${String(number)}.rows`) };
}

/** Ids and, unless they are removals, their rows one after another. */
export interface Batch extends Pick<Frame, 'kind' | 'ids'> {
  readonly rows?: Buffer;
}

/** A segment in a store: what is committed of its files, and which rows count. */
export class Segment {
  readonly number: number;
  readonly files: SegmentFiles;
  readonly dims: number;
  readonly live = new LiveRows();
  /** Rows committed, whether they count or not. */
  rows = 0;
  /** End of the committed frames. */
  idsEnd = headerBytes;
  /** Ids among them that were removed; while they are remembered, older rows may still lie about. */
  removals = 0;
  /** Whether a part of it cannot be read; nothing is appended to it then. */
  damaged = false;
  /** How many snapshots read it. */
  holds = 0;
  /** Its place among the segments of the store. */
  slot = -1;
  readonly #ids: FileHandle;
  readonly #rows: FileHandle;
  readonly #landmarks: Landmark[] = [];
  #torn = false;

  private constructor(number: number, files: SegmentFiles, dims: number, handles: [FileHandle, FileHandle]) {
    this.number = number;
    this.files = files;
    this.dims = dims;
    [this.#ids, this.#rows] = handles;
  }

  /**
   * Makes an empty segment in place of whatever lies there.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`
   */
  static async create(folder: string, number: number, extractor: ExtractorReference): Promise<Segment> {
    const files = segmentFiles(folder, number);
    const handles: FileHandle[] = [];
    try {
      for (const file of [files.ids, files.rows]) {
        const handle = await open(file, 'w+');
        handles.push(handle);
        await handle.writeFile(encodeHeader(extractor));
        await handle.sync();
      }
    } catch (error) {
      for (const handle of handles) await handle.close();
      throw writeFault(files.ids, error);
    }
    return new Segment(number, files, extractor.dims, handles as [FileHandle, FileHandle]);
  }

  /**
   * Opens a segment whose frames are still to be read.
   * @throws Fault `FEATURES_FORMAT`
   */
  static async open(folder: string, number: number, extractor: ExtractorReference): Promise<Segment> {
    const files = segmentFiles(folder, number);
    const handles: FileHandle[] = [];
    try {
      for (const file of [files.ids, files.rows]) {
        const handle = await open(file, 'r+');
        handles.push(handle);
        await checkHeader(file, handle, extractor);
      }
    } catch (error) {
      for (const handle of handles) await handle.close();
      if (error instanceof Fault) throw error;
      throw new Fault('FEATURES_FORMAT', { file: files.ids, reason: reasonOf(error) }, error);
    }
    return new Segment(number, files, extractor.dims, handles as [FileHandle, FileHandle]);
  }

  /** Whether something in it does not count any more. */
  get dirty(): boolean {
    return this.damaged || this.live.count < this.rows || this.removals > 0;
  }

  /** Length of both files as far as they are committed. */
  get bytes(): number {
    return this.idsEnd + rowOffset(this.rows, this.dims);
  }

  /** Memory that it takes. */
  get memoryBytes(): number {
    return this.live.bytes + landmarkBytes * this.#landmarks.length;
  }

  /** Its frames: the committed ones, unless the range says otherwise. */
  frames(range: Partial<FrameRange> = {}): AsyncGenerator<StoredFrame> {
    return readFrames(this.#ids, { end: this.idsEnd, ...range });
  }

  /** Lengths of the files, committed or not. */
  async fileBytes(): Promise<{ readonly ids: number; readonly rows: number }> {
    const [ids, rows] = await Promise.all([this.#ids.stat(), this.#rows.stat()]);
    return { ids: ids.size, rows: rows.size };
  }

  /** The bytes of rows that follow one another; fewer where the file ends. */
  readRows(first: number, count: number): Promise<Buffer> {
    return readFully(this.#rows, rowOffset(first, this.dims), rowOffset(first + count, this.dims));
  }

  /** The id of a committed row, or `undefined` where it cannot be read any more. */
  async idOf(row: number): Promise<Buffer | undefined> {
    return (await this.idsOf([row])).get(row);
  }

  /**
   * The ids of committed rows, without those that cannot be read any more.
   * @param rows - ascending; what lies side by side is read at once
   */
  async idsOf(rows: readonly number[]): Promise<ReadonlyMap<number, Buffer>> {
    const found = new Map<number, Buffer>();
    for (let at = 0; at < rows.length;) {
      const after = this.#landmarkAfter(rows[at] ?? 0);
      const end = this.#landmarks[after]?.row ?? Infinity;
      const wanted: number[] = [];
      for (let row = rows[at]; row !== undefined && row < end; row = rows[(at += 1)]) wanted.push(row);
      for await (const { kind, firstRow, ids } of this.#stretch(after)) {
        if (kind !== 'rows') continue;
        for (const row of wanted) {
          const id = row < firstRow ? undefined : ids[row - firstRow];
          if (id !== undefined) found.set(row, id);
        }
      }
    }
    return found;
  }

  /** The frames before a landmark, from the one before it on. */
  #stretch(after: number): AsyncGenerator<StoredFrame> {
    const from = this.#landmarks[after - 1]?.offset ?? headerBytes;
    return this.frames({ from, end: this.#landmarks[after]?.offset ?? this.idsEnd });
  }

  /** Index of the first landmark that is behind a row. */
  #landmarkAfter(row: number): number {
    let [low, high] = [0, this.#landmarks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#landmarks[middle]?.row ?? 0) <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Counts a frame that is in the file as committed. */
  commit({ kind, firstRow, ids, offset, bytes }: StoredFrame): void {
    this.idsEnd = offset + bytes;
    if (kind === 'removals') {
      this.removals += ids.length;
      return;
    }
    this.rows = firstRow + ids.length;
    const last = this.#landmarks.at(-1);
    if (last === undefined || firstRow - last.row >= landmarkRows)
      this.#landmarks.push({ row: firstRow, offset });
  }

  /**
   * Appends batches, of a frame each. All of it is committed when this resolves, and none of it if it rejects.
   * @param durable - whether it also survives a power cut by then
   * @throws Fault `DISK_FULL`, `FILE_WRITE`
   */
  async append(batches: readonly Batch[], durable = true): Promise<void> {
    try {
      if (this.#torn) await this.cut();
      this.#torn = true;
      const frames = await this.#write(batches);
      if (durable) await this.sync();
      for (const frame of frames) this.commit(frame);
      this.#torn = false;
    } catch (error) {
      // Gives back what it took of a full disk; where even that fails, the next append does it.
      await this.cut().catch(() => undefined);
      throw writeFault(this.files.rows, error);
    }
  }

  async #write(batches: readonly Batch[]): Promise<StoredFrame[]> {
    const frames: StoredFrame[] = [];
    const encoded: Buffer[] = [];
    let [firstRow, offset] = [this.rows, this.idsEnd];
    for (const [index, { kind, ids, rows }] of batches.entries()) {
      if (rows !== undefined) await writeFully(this.#rows, rows, rowOffset(firstRow, this.dims));
      const frame = { kind, ids, firstRow, following: batches.length - 1 - index };
      const bytes = encodeFrame(frame);
      frames.push({ ...frame, offset, bytes: bytes.length });
      encoded.push(bytes);
      offset += bytes.length;
      if (rows !== undefined) firstRow += ids.length;
    }
    await writeFully(this.#ids, Buffer.concat(encoded), this.idsEnd);
    return frames;
  }

  /** Makes durable what was written. */
  async sync(): Promise<void> {
    await Promise.all([this.#ids.datasync(), this.#rows.datasync()]);
  }

  /** Removes from the files what is not committed. */
  async cut(): Promise<void> {
    const { rows } = await this.fileBytes();
    await this.#ids.truncate(this.idsEnd);
    // Never longer: a hole would look like rows.
    await this.#rows.truncate(Math.min(rows, rowOffset(this.rows, this.dims)));
    await this.sync();
    this.#torn = false;
  }

  async close(): Promise<void> {
    await this.#ids.close();
    await this.#rows.close();
  }

  /** Erases it. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.files.ids, { force: true });
    await rm(this.files.rows, { force: true });
  }
}

/** Where a frame starts, for every so many rows: an id is found by reading on from there. */
interface Landmark {
  readonly row: number;
  readonly offset: number;
}

const landmarkRows = 64;
/** An object of two numbers, and its reference. */
const landmarkBytes = 40;

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/**
 * Makes sure that a file has features of this extractor.
 * @throws Fault `FEATURES_FORMAT`
 */
export async function checkHeader(
  file: string,
  handle: FileHandle,
  extractor: ExtractorReference,
): Promise<void> {
  const found = await readFully(handle, 0, headerBytes);
  if (found.equals(encodeHeader(extractor))) return;
  throw new Fault('FEATURES_FORMAT', {
    file,
    reason: `its header is not that of a file with features of ${extractor.id} version ${String(extractor.version)}`,
  });
}
