import { workerData } from 'node:worker_threads';
import { Fault } from '../base/errors.ts';
import type { ExtractedFeatures } from '../model/feature-store/feature-store.ts';
import type { Extractor } from '../vision/extractor.ts';
import { decodePhoto } from '../vision/decoded-photo.ts';
import { describeAll, Extractors } from '../vision/extractors.ts';
import { Kernel } from '../vision/kernel.ts';
import { quantiseFeatures } from '../vision/quantised-features.ts';
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
    const { limits, thumbnailPx } = this.#setup;
    const bytes = new Uint8Array(task.bytes);
    const { pixels, thumbnail } = await decodePhoto(extractors, bytes, thumbnailPx, limits);
    const decoded = performance.now();
    this.#board.set(task.place, 'kernel');
    const features = extractedFeatures(extractors, describeAll(pixels));
    const extracted = performance.now();
    // As they are kept: whoever scores them again with this model finds the same.
    const kept = new Map(features.map(({ extractor, features: row }) => [extractor.id, row]));
    const found = this.#scorer.score(kept, task.model, task.top);
    const scored = performance.now();
    const times = { decode: decoded - started, features: extracted - decoded, score: scored - extracted };
    if (thumbnail === undefined) return { ...found, features, times };
    this.#board.set(task.place, 'thumbnail');
    return { ...found, features, times, thumbnail: await made(thumbnail) };
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

async function made(
  thumbnail: Promise<Uint8Array<ArrayBuffer> | Fault>,
): Promise<ThreadReply<Uint8Array<ArrayBuffer>>> {
  const value = await thumbnail;
  return value instanceof Fault ? { ok: false, fault: value.toWire() } : { ok: true, value };
}

const tagger = new PhotoTagger(workerData as ThreadSetup);

/** The thread's task handler, called by the pool. */
export default async function handle(
  task: PhotoTask | ReadyTask,
): Promise<ThreadReply<PhotoTags | undefined>> {
  if (task.kind === 'ready') return { ok: true, value: undefined };
  try {
    return await answer(await tagger.tag(task));
  } catch (error) {
    return { ok: false, fault: Fault.from(error).toWire() };
  } finally {
    tagger.release(task.place);
  }
}

/** The reply, from which a thumbnail is moved. */
async function answer(value: PhotoTags): Promise<ThreadReply<PhotoTags>> {
  const reply: ThreadReply<PhotoTags> = { ok: true, value };
  const { thumbnail } = value;
  if (thumbnail?.ok !== true) return reply;
  // Loaded here, so that threads that make no thumbnails start without the pool's code.
  const { movedReply } = await import('./moved-reply.ts');
  return movedReply(reply, thumbnail.value.buffer);
}
