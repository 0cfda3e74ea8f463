import { type FileHandle, open } from 'node:fs/promises';
import { Fault, reasonOf } from '../../base/errors.ts';
import type { QuantisedRows } from '../../vision/quantised-features.ts';
import type { FeatureSnapshot, SnapshotSegment } from './feature-snapshot.ts';
import { readFrames, readFully } from './frame-reader.ts';
import { hasBit } from './live-rows.ts';
import { placeOf, rowOf, slotOf } from './place.ts';
import { checkHeader } from './segment.ts';
import { damagedRow, decodeRow, isIntact, rowBytes, rowOffset } from './segment-format.ts';

/** Some photos of a snapshot, and where their rows are. */
export interface PlacedIds {
  readonly ids: readonly string[];
  /** For {@link SnapshotReader.read}. */
  readonly places: Uint32Array<ArrayBuffer>;
}

/** A segment whose files are open. */
interface OpenSegment extends SnapshotSegment {
  readonly idFile: FileHandle;
  readonly rowFile: FileHandle;
}

/** Rows of a segment that follow one another, and where they go. */
interface Run {
  readonly segment: OpenSegment;
  readonly first: number;
  /** Which of the wanted rows each is. */
  readonly indices: number[];
}

/** Told of a wanted row that is damaged. */
type OnDamaged = (index: number, fault: Fault) => void;

const maxRunRows = 256;
/** Reads at once: what the threads of the file system take. */
const readsAtOnce = 4;

/** Reads a snapshot of a feature store, in any thread, in constant memory. */
export class SnapshotReader {
  readonly #segments: readonly OpenSegment[];
  readonly #bySlot: ReadonlyMap<number, OpenSegment>;
  readonly #dims: number;

  private constructor(segments: readonly OpenSegment[], dims: number) {
    this.#segments = segments;
    this.#bySlot = new Map(segments.map((segment) => [segment.slot, segment]));
    this.#dims = dims;
  }

  /** @throws Fault `FEATURES_FORMAT`; `FILE_READ` if the snapshot was released */
  static async open({ segments, extractor }: FeatureSnapshot): Promise<SnapshotReader> {
    const opened: OpenSegment[] = [];
    const handles: FileHandle[] = [];
    const openFile = async (file: string) => {
      const handle = await open(file).catch((error: unknown) => {
        throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
      });
      handles.push(handle);
      await checkHeader(file, handle, extractor);
      return handle;
    };
    try {
      for (const segment of segments) {
        const idFile = await openFile(segment.files.ids);
        opened.push({ ...segment, idFile, rowFile: await openFile(segment.files.rows) });
      }
    } catch (error) {
      for (const handle of handles) await handle.close();
      throw error;
    }
    return new SnapshotReader(opened, extractor.dims);
  }

  /**
   * All photos, each once, in the order of the files.
   * @param report - told of stretches of ids that cannot be read any more (`FEATURES_DAMAGED`); the others come
   */
  async *photos(report: (fault: Fault) => void, batch = 4_096): AsyncGenerator<PlacedIds> {
    let ids: string[] = [];
    let places: number[] = [];
    for (const segment of this.#segments) {
      const onGap = (offset: number, bytes: number) => {
        const reason = `${String(bytes)} bytes of ids cannot be read`;
        report(new Fault('FEATURES_DAMAGED', { file: segment.files.ids, offset, reason }));
      };
      for await (const frame of readFrames(segment.idFile, { end: segment.idsEnd, onGap })) {
        if (frame.kind !== 'rows') continue;
        for (const [index, id] of frame.ids.entries()) {
          const row = frame.firstRow + index;
          if (!hasBit(segment.live, row)) continue;
          ids.push(id.toString());
          places.push(placeOf(segment.slot, row));
        }
        if (ids.length < batch) continue;
        yield { ids, places: Uint32Array.from(places) };
        [ids, places] = [[], []];
      }
    }
    if (ids.length > 0) yield { ids, places: Uint32Array.from(places) };
  }

  /**
   * Reads rows by their places, in any order; quickest where places follow one another.
   *
   * @param into - filled from its start, row i from `places[i]`
   * @param onDamaged - told of rows that are damaged, which are zeros then; without it they are thrown
   * @throws Fault `FEATURES_DAMAGED` with file and offset
   */
  async read(
    places: Uint32Array,
    into: QuantisedRows,
    onDamaged: OnDamaged = (_, fault) => {
      throw fault;
    },
  ): Promise<void> {
    const runs = this.#runs(places).values();
    const lane = async () => {
      for (const run of runs) await this.#readRun(run, into, onDamaged);
    };
    // Also after a fault, nobody writes into `into` once this has ended.
    const lanes = await Promise.allSettled(Array.from({ length: readsAtOnce }, lane));
    for (const end of lanes) if (end.status === 'rejected') throw end.reason;
  }

  /** Rows that lie side by side, in the order of the files. */
  #runs(places: Uint32Array): Run[] {
    const runs: Run[] = [];
    let run: Run | undefined;
    for (const index of inOrder(places)) {
      const place = places[index] ?? 0;
      const segment = this.#bySlot.get(slotOf(place));
      if (segment === undefined)
        throw new Fault('NOT_FOUND', { what: 'feature row at place', id: String(place) });
      const count = run?.indices.length ?? maxRunRows;
      if (run?.segment === segment && run.first + count === rowOf(place) && count < maxRunRows)
        run.indices.push(index);
      else runs.push((run = { segment, first: rowOf(place), indices: [index] }));
    }
    return runs;
  }

  async #readRun({ segment, first, indices }: Run, into: QuantisedRows, onDamaged: OnDamaged): Promise<void> {
    const dims = this.#dims;
    const bytes = rowBytes(dims);
    const rows = await readFully(
      segment.rowFile,
      rowOffset(first, dims),
      rowOffset(first + indices.length, dims),
    );
    for (const [at, index] of indices.entries()) {
      const row = rows.subarray(at * bytes, (at + 1) * bytes);
      const isGood = row.length === bytes && isIntact(row);
      decodeRow(isGood ? row : undefined, into, index, dims);
      if (!isGood) onDamaged(index, damagedRow(segment.files.rows, rowOffset(first + at, dims)));
    }
  }

  async close(): Promise<void> {
    for (const { idFile, rowFile } of this.#segments) {
      await idFile.close();
      await rowFile.close();
    }
  }
}

/** Indices of places, the smallest place first. */
function inOrder(places: Uint32Array): Iterable<number> {
  if (places.every((place, index) => index === 0 || (places[index - 1] ?? 0) <= place)) return places.keys();
  return Uint32Array.from(places.keys()).sort((one, other) => (places[one] ?? 0) - (places[other] ?? 0));
}
