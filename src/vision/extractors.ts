import { Fault } from '../base/errors.ts';
import { decode, type DecodeLimits } from './decode.ts';
import { fullNameOf, type Extractor, type ExtractorIdentity, type InputShape } from './extractor.ts';
import { HogExtractor, hogIdentity } from './hog.ts';
import type { Kernel } from './kernel.ts';
import type { ParameterFile } from './parameter-file.ts';

/** The extractor whose parameters come from a file; a node has none without them. */
const trunkId = 'lite0';

/** Which extractors a node has that has read the parameters of `lite0`, without loading any. */
export function extractorIdentities({ header, hash }: ParameterFile): ExtractorIdentity[] {
  const { extractor: id, version, dims } = header;
  return [{ id, version, dims, parametersHash: hash }, hogIdentity];
}

/** The extractors of a thread, by id; each is loaded when it is first asked for. */
export class Extractors {
  readonly #makers: ReadonlyMap<string, () => Extractor>;
  readonly #loaded = new Map<string, Extractor>();

  /** @param parameters - of `lite0`, whose memory other threads may share; without, it is not among them */
  constructor(kernel: Kernel, parameters: ParameterFile | undefined) {
    const makers = new Map<string, () => Extractor>([[hogIdentity.id, () => new HogExtractor(kernel)]]);
    if (parameters !== undefined) makers.set(trunkId, () => kernel.loadExtractor(parameters));
    this.#makers = makers;
  }

  /** @throws Fault `MODEL_EXTRACTOR` if there is none of this id, `WEIGHTS_DAMAGED` if it cannot be loaded */
  extractor(id: string): Extractor {
    const loaded = this.#loaded.get(id) ?? this.#make(id);
    this.#loaded.set(id, loaded);
    return loaded;
  }

  /**
   * The extractor whose features are the same as those of this one.
   * @throws Fault `EXTRACTOR_OTHER` if this version of Autotag has none, or another version of it; `WEIGHTS_DAMAGED`
   */
  exactly(wanted: ExtractorIdentity): Extractor {
    const found = this.#makers.has(wanted.id) ? this.extractor(wanted.id) : undefined;
    const expected = fullNameOf(wanted);
    if (found === undefined) throw new Fault('EXTRACTOR_OTHER', { expected, found: 'other extractors' });
    if (fullNameOf(found) !== expected)
      throw new Fault('EXTRACTOR_OTHER', { expected, found: fullNameOf(found) });
    return found;
  }

  /**
   * Loads what nearly every photo needs, so that the first one does not wait for it.
   * @throws Fault `WEIGHTS_DAMAGED`
   */
  preload(): void {
    this.extractor(trunkId);
  }

  #make(id: string): Extractor {
    const make = this.#makers.get(id);
    if (make === undefined)
      throw new Fault('MODEL_EXTRACTOR', { expected: id, found: [...this.#makers.keys()].join(' or ') });
    return make();
  }
}

/**
 * Decodes a photo once for each shape that the extractors take, side by side.
 *
 * @param bytes - the file
 * @param decodeTo - gives the pixels of a shape; default {@link decode}
 * @returns RGB pixels for each extractor; those of one shape share them
 * @throws Fault of {@link decode}
 */
export async function decodeFor(
  extractors: readonly Extractor[],
  bytes: Uint8Array,
  limits: DecodeLimits,
  decodeTo: typeof decode = decode,
): Promise<ReadonlyMap<Extractor, Uint8Array>> {
  const decoded = new Map<string, Promise<Uint8Array>>();
  const pixelsFor = async (extractor: Extractor) => {
    const shape = shapeKey(extractor.input);
    const pixels = decoded.get(shape) ?? decodeTo(bytes, extractor.input, limits);
    decoded.set(shape, pixels);
    return [extractor, await pixels] as const;
  };
  return new Map(await Promise.all(extractors.map(pixelsFor)));
}

/** Features `Float32Array [dims]` by the extractor's id, from the pixels for each extractor. */
export function describeAll(pixels: ReadonlyMap<Extractor, Uint8Array>): ReadonlyMap<string, Float32Array> {
  return new Map(Array.from(pixels, ([extractor, rgb]) => [extractor.id, extractor.describe(rgb)]));
}

function shapeKey({ width, height, crop }: InputShape): string {
  return `${String(width)} × ${String(height)}, ${String(crop)}`;
}
