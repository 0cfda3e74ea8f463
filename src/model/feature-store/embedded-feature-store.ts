import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Fault } from '../../base/errors.ts';
import type { ExtractorReference } from '../model-header.ts';
import { Catalogue } from './catalogue.ts';
import { planCompaction, SegmentCopy } from './compaction.ts';
import type { FeatureSelection, FeatureSnapshot } from './feature-snapshot.ts';
import { checkFeatureRow, type FeatureRow, type FeatureStore } from './feature-store.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { maxSegmentRows, placeOf, slotOf } from './place.ts';
import { recover, type Report } from './recovery.ts';
import { type Batch, Segment } from './segment.ts';
import { encodeRow, maxFrameIds, rowBytes } from './segment-format.ts';

/** What a store is opened with. */
export interface EmbeddedFeatureStoreOptions {
  /** A folder of its own; made where it is missing. One process writes it at a time. */
  readonly folder: string;
  readonly extractor: ExtractorReference;
  /** See {@link Report}. */
  readonly report: Report;
  /** Rows of a segment; default about 256 MiB of them. */
  readonly segmentRows?: number;
}

/** Sizes of a store. */
export interface EmbeddedFeatureStoreStats {
  readonly photos: number;
  /** Rows on disk, those that do not count among them. */
  readonly rows: number;
  readonly segments: number;
  /** Size on disk. */
  readonly bytes: number;
  /** Memory that the store takes. */
  readonly memoryBytes: number;
}

const segmentBytes = 256 * 1024 * 1024;
/** Rows that become durable together: some megabytes of memory. */
const maxAppendRows = 4_096;
/** Rows after which others get a turn. */
const turnRows = 4_096;

/**
 * Features of photos by one extractor, in files that only grow: a photo's later row replaces the one before it.
 *
 * What was answered for is durable and served whole or not at all, whatever is killed, cut off or full meanwhile.
 */
export class EmbeddedFeatureStore implements FeatureStore {
  readonly extractor: ExtractorReference;
  readonly #folder: string;
  readonly #report: Report;
  readonly #segmentRows: number;
  readonly #catalogue = new Catalogue();
  readonly #closing = new AbortController();
  /** Replaced segments that a snapshot still reads. */
  readonly #retired = new Set<Segment>();
  readonly #snapshots = new Map<number, readonly Segment[]>();
  /** Where rows are appended. */
  #active: Segment | undefined;
  #lastNumber = 0;
  #lastSnapshot = 0;
  /** Changes come one after another. */
  #changes: Promise<unknown> = Promise.resolve();
  #compactions: Promise<unknown> = Promise.resolve();

  private constructor({ folder, extractor, report, segmentRows }: EmbeddedFeatureStoreOptions) {
    this.extractor = extractor;
    this.#folder = folder;
    this.#report = report;
    this.#segmentRows = Math.min(
      maxSegmentRows,
      segmentRows ?? Math.max(1, Math.floor(segmentBytes / rowBytes(extractor.dims))),
    );
  }

  /**
   * Opens the store of a folder, or makes it.
   * @throws Fault `FEATURES_FORMAT` if something else is there, or what it consists of cannot be known; `DISK_FULL`, `FILE_WRITE`
   */
  static async open(options: EmbeddedFeatureStoreOptions): Promise<EmbeddedFeatureStore> {
    const store = new EmbeddedFeatureStore(options);
    await store.#open();
    return store;
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const manifest = await readManifest(this.#folder);
    if (manifest === undefined) await this.#writeManifest([]);
    const numbers = manifest?.segments ?? [];
    await this.#removeStrays(numbers);
    this.#lastNumber = Math.max(0, ...numbers);
    const segments: Segment[] = [];
    try {
      for (const number of numbers) segments.push(await Segment.open(this.#folder, number, this.extractor));
      await recover(this.#catalogue, segments, this.#report);
    } catch (error) {
      for (const segment of segments) await segment.close();
      throw error;
    }
    this.#active = segments.at(-1);
  }

  /** Removes what a killed process was about to put in place, or to remove. */
  async #removeStrays(numbers: readonly number[]): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const number = /^(\d+)\.(?:ids|rows)$/.exec(name)?.[1];
      const isStray = number === undefined ? name.endsWith('.tmp') : !numbers.includes(Number(number));
      if (isStray) await rm(join(this.#folder, name), { force: true });
    }
  }

  /** Whether a photo has features. */
  async has(id: string): Promise<boolean> {
    const bytes = Buffer.from(id);
    if (!this.#catalogue.mayHave(bytes)) return false;
    return await this.#change(async () => (await this.#catalogue.find(bytes)) !== undefined);
  }

  /**
   * Stores features; durable when resolved. Of one photo, the last row counts.
   *
   * Up to 4,096 rows are stored all or none; of more, those before the fault may be.
   * @throws Fault `PHOTO_ID`, `REQUEST_INVALID`; `DISK_FULL`, `FILE_WRITE`, `FEATURES_FULL`, `FEATURES_UNAVAILABLE`
   */
  async append(rows: readonly FeatureRow[]): Promise<void> {
    const latest = new Map<string, FeatureRow>();
    for (const row of rows) latest.set(row.id, checkFeatureRow(row, this.extractor));
    const each = [...latest.values()];
    const step = Math.min(maxAppendRows, this.#segmentRows);
    for (let first = 0; first < each.length; first += step)
      await this.#change(() => this.#append(each.slice(first, first + step)));
  }

  async #append(rows: readonly FeatureRow[]): Promise<void> {
    const places = [];
    for (const { id } of rows) {
      const bytes = Buffer.from(id);
      const hash = this.#catalogue.hash(bytes);
      places.push({ bytes, hash, before: await this.#catalogue.find(bytes, hash) });
    }
    const batches: Batch[] = [];
    for (let first = 0; first < rows.length; first += maxFrameIds) {
      const [from, to] = [first, first + maxFrameIds];
      const ids = places.slice(from, to).map(({ bytes }) => bytes);
      batches.push({ kind: 'rows', ids, rows: this.#encode(rows.slice(from, to)) });
    }
    const segment = await this.#writable(rows.length);
    const firstRow = segment.rows;
    await segment.append(batches);
    for (const [index, { hash, before }] of places.entries())
      this.#catalogue.set(hash, placeOf(segment.slot, firstRow + index), before);
  }

  #encode(rows: readonly FeatureRow[]): Buffer {
    const bytes = rowBytes(this.extractor.dims);
    const encoded = Buffer.allocUnsafe(rows.length * bytes);
    for (const [index, { features }] of rows.entries()) encodeRow(features, encoded, index * bytes);
    return encoded;
  }

  /** The segment that takes so many more rows. */
  async #writable(rows: number): Promise<Segment> {
    const active = this.#active;
    if (active !== undefined && !active.damaged && active.rows + rows <= this.#segmentRows) return active;
    const segment = await this.#create();
    try {
      const segments = [...this.#catalogue.segments, segment];
      await this.#declare(segments, segment);
      this.#catalogue.arrange(segments);
    } catch (error) {
      await this.#discard(segment);
      throw error;
    }
    this.#active = segment;
    return segment;
  }

  #create(): Promise<Segment> {
    this.#lastNumber += 1;
    return Segment.create(this.#folder, this.#lastNumber, this.extractor);
  }

  /** Says durably which segments the store has, a new one among them, which has places from now on. */
  async #declare(segments: readonly Segment[], added: Segment): Promise<void> {
    this.#catalogue.admit(added);
    try {
      await this.#writeManifest(segments.map(({ number }) => number));
    } catch (error) {
      this.#catalogue.arrange(this.#catalogue.segments);
      throw error;
    }
  }

  /** Gives up a new segment, but for its files if the manifest may name it already. */
  async #discard(segment: Segment): Promise<void> {
    const named = await readManifest(this.#folder).catch(() => undefined);
    if (named?.segments.includes(segment.number) === false) await segment.remove();
    else await segment.close();
  }

  #writeManifest(segments: number[]): Promise<void> {
    return writeManifest(this.#folder, { extractor: this.extractor, segments });
  }

  /**
   * Removes a photo's features, durably; {@link compact} erases their bytes.
   * @returns whether it had any
   * @throws Fault `DISK_FULL`, `FILE_WRITE`, `FEATURES_UNAVAILABLE`
   */
  remove(id: string): Promise<boolean> {
    return this.#change(async () => {
      const bytes = Buffer.from(id);
      const hash = this.#catalogue.hash(bytes);
      const place = await this.#catalogue.find(bytes, hash);
      if (place === undefined) return false;
      const segment = await this.#writable(0);
      await segment.append([{ kind: 'removals', ids: [bytes] }]);
      this.#catalogue.delete(hash, place);
      return true;
    });
  }

  /**
   * Erases the bytes of what was removed or replaced before this; appending goes on meanwhile.
   * What a snapshot names is erased when it is released.
   * @returns how many rows are gone
   * @throws Fault `DISK_FULL`, `FILE_WRITE`: what was erased by then stays so; `FEATURES_UNAVAILABLE`
   */
  compact(): Promise<number> {
    const compaction = this.#compactions.then(() => this.#compact());
    this.#compactions = compaction.catch(() => undefined);
    return compaction;
  }

  async #compact(): Promise<number> {
    const segments = await this.#change(() => {
      if (this.#active?.dirty === true) this.#active = undefined;
      return Promise.resolve(this.#catalogue.segments.filter((segment) => segment !== this.#active));
    });
    let erased = 0;
    for (const group of planCompaction(segments, this.#segmentRows)) erased += await this.#merge(group);
    return erased;
  }

  async #merge(sources: readonly Segment[]): Promise<number> {
    const target = await this.#create();
    const copy = new SegmentCopy(this.#catalogue, target, this.#report);
    try {
      await copy.run(sources, this.#closing.signal);
      await this.#change(() => this.#replace(sources, target, copy));
    } catch (error) {
      await this.#discard(target);
      throw this.#closing.signal.aborted ? closed() : error;
    }
    return sources.reduce((sum, { rows }) => sum + rows, 0) - target.rows;
  }

  /** Puts a copy in place of what it is of. Until the last step, snapshots are of the state before. */
  async #replace(sources: readonly Segment[], target: Segment, copy: SegmentCopy): Promise<void> {
    const [first] = sources;
    const segments = this.#catalogue.segments.flatMap((segment) =>
      segment === first ? [target] : sources.includes(segment) ? [] : [segment],
    );
    await this.#declare(segments, target);
    for (const [row, { hash, place }] of copy.copied.entries()) {
      this.#catalogue.relocate(hash, place, target, row);
      if (row % turnRows === turnRows - 1) await setImmediate();
    }
    for (const { hash, place } of copy.damaged) this.#catalogue.delete(hash, place);
    this.#catalogue.arrange(segments);
    if (target === segments.at(-1)) this.#active = target;
    for (const source of sources) this.#retired.add(source);
    await this.#removeRetired();
  }

  async #removeRetired(): Promise<void> {
    for (const segment of this.#retired) {
      if (segment.holds > 0) continue;
      this.#retired.delete(segment);
      await segment.remove();
    }
  }

  /** The state now. What it names stays readable until it is {@link release}d, or the store is opened again. */
  async snapshot(): Promise<FeatureSnapshot> {
    return await this.#change(() => Promise.resolve(this.#snapshot()));
  }

  #snapshot(): FeatureSnapshot {
    const segments = this.#catalogue.segments.filter(({ live }) => live.count > 0);
    return {
      id: this.#hold(segments),
      extractor: this.extractor,
      photos: this.#catalogue.photos,
      segments: segments.map(({ slot, files, idsEnd, rows, live }) => {
        return { slot, files, idsEnd, live: live.copy(rows) };
      }),
    };
  }

  /** Where the rows of photos are now. They stay readable as those of a {@link EmbeddedFeatureStore.snapshot} do. */
  async select(ids: readonly string[]): Promise<FeatureSelection> {
    return await this.#change(async () => {
      const places = await this.#catalogue.findAll(ids.map((id) => Buffer.from(id)));
      const slots = new Set(places.map((place) => (place === undefined ? undefined : slotOf(place))));
      const segments = this.#catalogue.segments.filter(({ slot }) => slots.has(slot));
      return {
        id: this.#hold(segments),
        extractor: this.extractor,
        segments: segments.map(({ slot, files }) => ({ slot, files })),
        places,
      };
    });
  }

  /** Keeps segments readable, as the snapshot that is answered. */
  #hold(segments: readonly Segment[]): number {
    for (const segment of segments) segment.holds += 1;
    const id = (this.#lastSnapshot += 1);
    this.#snapshots.set(id, segments);
    return id;
  }

  /** Says that a snapshot or selection is not read any more; safe to repeat. */
  async release({ id }: Pick<FeatureSnapshot, 'id'>): Promise<void> {
    for (const segment of this.#snapshots.get(id) ?? []) segment.holds -= 1;
    this.#snapshots.delete(id);
    await this.#removeRetired();
  }

  /** Whether removals wait for {@link compact}, or rows that do not count outnumber a segment and those that do. */
  get isWasteful(): boolean {
    const { segments, photos } = this.#catalogue;
    const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
    return rows > 2 * photos + this.#segmentRows || segments.some(({ removals }) => removals > 0);
  }

  /** Sizes, as they are now. */
  stats(): EmbeddedFeatureStoreStats {
    const { segments, photos, memoryBytes } = this.#catalogue;
    return {
      photos,
      rows: segments.reduce((sum, { rows }) => sum + rows, 0),
      segments: segments.length,
      bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
      memoryBytes,
    };
  }

  /** Finishes changes that were asked for, gives up compaction, and closes the files; safe to repeat. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#changes, this.#compactions]);
    for (const segment of [...this.#catalogue.segments, ...this.#retired]) await segment.close();
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const change = this.#changes.then(work);
    this.#changes = change.catch(() => undefined);
    return await change;
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closed();
  }
}

function closed(): Fault {
  return new Fault('FEATURES_UNAVAILABLE', { reason: 'it is closed' });
}
