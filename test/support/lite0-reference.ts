import { setupFiles } from '../../src/base/package-root.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import type { BlockContents } from '../../src/model/model-writer.ts';
import { ModelScorer } from '../../src/model/model-scorer.ts';
import type { PublishedModel, ScoredTag } from '../../src/pool/published-model.ts';
import type { ThreadSetup } from '../../src/pool/thread-messages.ts';
import { decode } from '../../src/vision/decode.ts';
import type { Extractor } from '../../src/vision/extractor.ts';
import { decodeFor, describeAll, extractorIdentities, Extractors } from '../../src/vision/extractors.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { loadParameters } from '../../src/vision/parameter-file.ts';
import { type QuantisedFeatures, quantiseFeatures } from '../../src/vision/quantised-features.ts';
import { seeded } from './random.ts';

/** Limits under which tests tag photos. */
const testLimits = { maxBytes: 4 * 1024 * 1024, maxPixels: 100_000_000, timeoutMs: 30_000 };

/** Lite0 in this thread: what every worker thread has to find too. */
export class Lite0Reference {
  /** What worker threads are given, apart from their board. */
  readonly setup: Omit<ThreadSetup, 'board'>;
  readonly #extractor: Extractor;
  readonly #scorer: ModelScorer;

  private constructor(setup: Omit<ThreadSetup, 'board'>) {
    const kernel = Kernel.instantiate(setup.kernel);
    const extractors = new Extractors(kernel, setup.parameters);
    this.setup = setup;
    this.#extractor = extractors.extractor('lite0');
    this.#scorer = new ModelScorer(kernel, extractors);
  }

  static async load(): Promise<Lite0Reference> {
    const module = await Kernel.compile();
    const parameters = await loadParameters(setupFiles.lite0);
    return new Lite0Reference({ kernel: module, parameters, limits: testLimits, thumbnailPx: 0 });
  }

  /** What a node has. */
  get extractors(): readonly ExtractorReference[] {
    return extractorIdentities(this.setup.parameters);
  }

  /** What blocks of models name theirs. */
  get extractor(): ExtractorReference {
    const { id, version, dims, parametersHash } = this.#extractor;
    return { id, version, dims, parametersHash };
  }

  /** Features of a photo, `Float32Array [dims]`. */
  async features(bytes: Uint8Array): Promise<Float32Array> {
    return this.#extractor.describe(await decode(bytes, this.#extractor.input, testLimits));
  }

  /** What a photo of these features is tagged with. */
  tags(features: Float32Array, model: PublishedModel, top: number): { tags: ScoredTag[]; best: ScoredTag[] } {
    const { tags, best } = this.#scorer.score(kept([['lite0', features]]), model.handle, top);
    return { tags: model.name(tags), best: model.name(best) };
  }

  /** What a photo is tagged with by a model of any extractors. */
  async tagsOf(
    bytes: Uint8Array,
    model: PublishedModel,
    top: number,
  ): Promise<{ tags: ScoredTag[]; best: ScoredTag[] }> {
    const pixels = await decodeFor(this.#scorer.extractorsOf(model.handle), bytes, testLimits);
    const { tags, best } = this.#scorer.score(kept(describeAll(pixels)), model.handle, top);
    return { tags: model.name(tags), best: model.name(best) };
  }

  /** A block of random classifiers with Platt scores, other ones for each seed: scores tell whose they are. */
  randomBlock(
    classes: readonly string[],
    seed: number,
    extractor: ExtractorReference = this.extractor,
  ): BlockContents {
    const { fraction } = seeded(seed);
    const spread = (length: number, scale: number) =>
      Float32Array.from({ length }, () => (fraction() - 0.5) * scale);
    return {
      name: `random ${String(seed)}`,
      extractor,
      score: 'platt',
      classes: [...classes],
      w: spread(classes.length * extractor.dims, 0.5),
      b: spread(classes.length, 1),
      calibration: spread(2 * classes.length, 1),
      thresholds: new Float32Array(classes.length).fill(0.5),
    };
  }
}

/** Features as they are kept, which is how they are scored. */
function kept(described: Iterable<readonly [string, Float32Array]>): ReadonlyMap<string, QuantisedFeatures> {
  return new Map(Array.from(described, ([id, x]) => [id, quantiseFeatures(x)]));
}
