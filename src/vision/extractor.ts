/** What an extractor reads: photos are cropped to the centre `crop` of their short side and scaled to `width × height`. */
export interface InputShape {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** The part of the short side that is kept, 0 to 1. */
  readonly crop: number;
}

/** Whose features: those of extractors that differ in any of this do not mix. */
export interface ExtractorIdentity {
  /** Its name, as models know it: `lite0`. */
  readonly id: string;
  /** Counts changes that alter features. */
  readonly version: number;
  /** Features a photo. */
  readonly dims: number;
  /** Hex SHA-256 of the parameters. */
  readonly parametersHash: string;
}

/** An extractor in words: two of one name have the same features. */
export function fullNameOf({ id, version, dims, parametersHash }: ExtractorIdentity): string {
  return `${id} version ${String(version)} (${String(dims)} dims, parameters ${parametersHash.slice(0, 16)})`;
}

/** Turns a decoded photo into features; bound to the thread whose {@link Kernel} made it. */
export interface Extractor extends ExtractorIdentity {
  readonly input: InputShape;
  /**
   * The features of a photo, the same bits on every machine.
   *
   * @param rgb - `Uint8Array [height × width × 3]`, interleaved sRGB
   * @returns `Float32Array [dims]`, a fresh copy
   * @throws Fault `INTERNAL` when `rgb` has another size
   */
  describe(rgb: Uint8Array): Float32Array;
}
