/** How many photos a thread holds: while one is in the kernel, the next is decoded. */
export const placesPerThread = 2;

const stages = ['empty', 'decoding', 'kernel', 'thumbnail'] as const;

/** What a thread is doing with the photo in one of its places. */
export type PlaceStage = (typeof stages)[number];

/**
 * What a thread is working on, in shared memory, so that it can be read after the thread has died or while it hangs.
 *
 * Layout: `Int32Array [placesPerThread]`, one stage a place; the thread writes, the pool reads.
 */
export class SlotBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #places: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(placesPerThread * 4)) {
    this.buffer = buffer;
    this.#places = new Int32Array(buffer);
  }

  /** Notes that the photo in `place` has reached `stage`. */
  set(place: number, stage: PlaceStage): void {
    Atomics.store(this.#places, place, stages.indexOf(stage));
  }

  /** The stage of the photo in `place`. */
  get(place: number): PlaceStage {
    return stages[Atomics.load(this.#places, place)] ?? 'empty';
  }

  /**
   * The places whose photos may have ended the thread: the one in the kernel, which keeps the thread to itself;
   * without one, all others: they were decoded, or encoded.
   */
  suspects(): number[] {
    const places = Array.from({ length: placesPerThread }, (_, place) => place);
    const inKernel = places.filter((place) => this.get(place) === 'kernel');
    return inKernel.length > 0 ? inKernel : places.filter((place) => this.get(place) !== 'empty');
  }
}
