import { randomInt } from 'node:crypto';
import { Fault } from '../../base/errors.ts';
import { hashId, IdIndex } from './id-index.ts';
import { maxSegments, placeOf, rowOf, slotOf } from './place.ts';
import type { Segment } from './segment.ts';

/** Which ids a store has, and where: its segments, and an index of their rows that count. */
export class Catalogue {
  readonly #index = new IdIndex();
  readonly #seed = randomInt(2 ** 32);
  readonly #slots: (Segment | undefined)[] = [];
  /** By age, oldest first. */
  #segments: readonly Segment[] = [];
  #photos = 0;

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Photos that have a row. */
  get photos(): number {
    return this.#photos;
  }

  /** Memory of the index and of what is known of rows. */
  get memoryBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.memoryBytes, this.#index.bytes);
  }

  /**
   * Gives a segment a slot, so that its rows have places.
   * @throws Fault `FEATURES_FULL`
   */
  admit(segment: Segment): void {
    let slot = this.#slots.indexOf(undefined);
    if (slot < 0) slot = this.#slots.length;
    if (slot >= maxSegments) throw new Fault('FEATURES_FULL', { segments: maxSegments });
    this.#slots[slot] = segment;
    segment.slot = slot;
  }

  /** Says which segments the store has now. */
  arrange(segments: readonly Segment[]): void {
    this.#segments = segments;
    for (const [slot, segment] of this.#slots.entries())
      if (segment !== undefined && !segments.includes(segment)) this.#slots[slot] = undefined;
  }

  hash(id: Buffer): number {
    return hashId(id, this.#seed);
  }

  /** Whether an id may have a row; if not, it has none. */
  mayHave(id: Buffer): boolean {
    return this.#index.candidates(this.hash(id)).length > 0;
  }

  /** Where the row of an id is. */
  async find(id: Buffer, hash = this.hash(id)): Promise<number | undefined> {
    for (const place of this.#index.candidates(hash)) {
      const stored = await this.#segmentOf(place)?.idOf(rowOf(place));
      // An id that cannot be read any more, of the same 53 bits, is the same.
      if (stored === undefined || stored.equals(id)) return place;
    }
    return undefined;
  }

  /** Where the rows of ids are; ids whose rows lie side by side are looked up at once. */
  async findAll(ids: readonly Buffer[]): Promise<(number | undefined)[]> {
    const candidates = ids.map((id) => this.#index.candidates(this.hash(id)));
    const stored = await this.#idsAt(new Set(candidates.flat()));
    return candidates.map((places, index) =>
      places.find((place) => {
        const id = stored.get(place);
        // As in `find`.
        return id === undefined || id.equals(ids[index] ?? id);
      }),
    );
  }

  async #idsAt(places: ReadonlySet<number>): Promise<ReadonlyMap<number, Buffer>> {
    const bySlot = new Map<number, number[]>();
    for (const place of Uint32Array.from(places).sort()) {
      const rows = bySlot.get(slotOf(place)) ?? [];
      bySlot.set(slotOf(place), rows);
      rows.push(rowOf(place));
    }
    const found = new Map<number, Buffer>();
    for (const [slot, rows] of bySlot)
      for (const [row, id] of (await this.#slots[slot]?.idsOf(rows)) ?? []) found.set(placeOf(slot, row), id);
    return found;
  }

  /** Makes a row the one of its id, in place of the one it had. */
  set(hash: number, place: number, before: number | undefined): void {
    if (before === undefined) {
      this.#index.insert(hash, place);
      this.#photos += 1;
    } else {
      this.#index.move(hash, before, place);
      this.#segmentOf(before)?.live.delete(rowOf(before));
    }
    this.#segmentOf(place)?.live.add(rowOf(place));
  }

  /** Takes away the row of an id, if it still counts. */
  delete(hash: number, place: number): void {
    if (!this.#index.delete(hash, place)) return;
    this.#segmentOf(place)?.live.delete(rowOf(place));
    this.#photos -= 1;
  }

  /** Points an id to the copy of its row in another segment, if the row still counts; the old segment is left as it is. */
  relocate(hash: number, from: number, segment: Segment, row: number): void {
    if (this.#index.move(hash, from, placeOf(segment.slot, row))) segment.live.add(row);
  }

  #segmentOf(place: number): Segment | undefined {
    return this.#slots[slotOf(place)];
  }
}
