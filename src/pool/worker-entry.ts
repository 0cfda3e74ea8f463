import { workerData } from 'node:worker_threads';
import { Fault } from '../base/errors.ts';
import type { ExtractedFeatures } from '../model/feature-store/feature-stores.ts';
import type { Extractor } from '../vision/extractor.ts';
import { decodeFor, describeAll, Extractors } from '../vision/extractors.ts';
import { Kernel } from '../vision/kernel.ts';
import { asKept, quantiseFeatures } from '../vision/quantised-features.ts';
import { ModelScorer } from '../model/model-scorer.ts';
import { SlotBoard } from './slot-board.ts';
import type { PhotoTags, PhotoTask, ReadyTask, ThreadReply, ThreadSetup } from './thread-messages.ts';

/** Tags photos in one thread, with a kernel and a wasm memory of its own. */
class PhotoTagger {
  readonly #setup: ThreadSetup;
  readonly #board: SlotBoard;
  readonly #scorer: ModelScorer;

  constructor(setup: ThreadSetup) {
    const kernel = Kernel.instantiate(setup.kernel);
    this.#setup = setup;
    this.#board = new SlotBoard(setup.board);
    const extractors = new Extractors(kernel, setup.parameters);
    extractors.preload();
    this.#scorer = new ModelScorer(kernel, extractors);
  }

  async tag(task: PhotoTask): Promise<PhotoTags> {
    const extractors = this.#scorer.extractorsOf(task.model);
    const started = performance.now();
    this.#board.set(task.place, 'decoding');
    const pixels = await decodeFor(extractors, new Uint8Array(task.bytes), this.#setup.limits);
    const decoded = performance.now();
    this.#board.set(task.place, 'kernel');
    const features = extractedFeatures(extractors, describeAll(pixels));
    const extracted = performance.now();
    // As they are kept: whoever scores them again with this model finds the same.
    const kept = new Map(features.map(({ extractor, features: row }) => [extractor.id, asKept(row)]));
    const found = this.#scorer.score(kept, task.model, task.top);
    const scored = performance.now();
    const times = { decode: decoded - started, features: extracted - decoded, score: scored - extracted };
    return { ...found, features, times };
  }

  release(place: number): void {
    this.#board.set(place, 'empty');
  }
}

/** Features as they are stored. */
function extractedFeatures(
  extractors: readonly Extractor[],
  described: ReadonlyMap<string, Float32Array>,
): ExtractedFeatures[] {
  return extractors.flatMap(({ id, version, dims, parametersHash }) => {
    const features = described.get(id);
    if (features === undefined) return [];
    return [{ extractor: { id, version, dims, parametersHash }, features: quantiseFeatures(features) }];
  });
}

const tagger = new PhotoTagger(workerData as ThreadSetup);

/** The thread's task handler, called by the pool. */
export default async function handle(
  task: PhotoTask | ReadyTask,
): Promise<ThreadReply<PhotoTags | undefined>> {
  if (task.kind === 'ready') return { ok: true, value: undefined };
  try {
    return { ok: true, value: await tagger.tag(task) };
  } catch (error) {
    return { ok: false, fault: Fault.from(error).toWire() };
  } finally {
    tagger.release(task.place);
  }
}
