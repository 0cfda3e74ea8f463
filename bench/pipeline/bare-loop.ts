import { prepareThreads } from '../../actors/prepare-threads.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/errors.ts';
import { parseNodeOptions } from '../../src/base/options.ts';
import { setupFiles } from '../../src/base/package-root.ts';
import { readModel } from '../../src/model/model-file.ts';
import { quantiseModel } from '../../src/model/quantised-model.ts';
import { PublishedModel } from '../../src/pool/published-model.ts';
import { placesPerThread } from '../../src/pool/slot-board.ts';
import type { StageTimes } from '../../src/pool/thread-messages.ts';
import type { WorkerSlot } from '../../src/pool/worker-slot.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';

/** What it takes before the first photo can be tagged, ms. */
export interface LoadTimes {
  /** Compiling the kernel, and reading the extractor's parameters. */
  readonly kernelMs: number;
  /** Reading, verifying and quantising the model. */
  readonly modelMs: number;
  /** Starting all threads at once, each with the parameters in its own memory. */
  readonly threadsMs: number;
}

/** Decode, features and score on worker threads like those of a node, with no cluster round them. */
export class BareLoop {
  readonly load: LoadTimes;
  readonly #slots: readonly WorkerSlot[];
  readonly #model: PublishedModel;

  private constructor(slots: readonly WorkerSlot[], model: PublishedModel, load: LoadTimes) {
    this.#slots = slots;
    this.#model = model;
    this.load = load;
  }

  static async start(threads: number): Promise<BareLoop> {
    const onStuck = () => {
      throw new Fault('WORKER_STUCK');
    };
    const begun = performance.now();
    const prepared = await prepareThreads(threads, parseNodeOptions({}), { clock: systemClock, onStuck });
    const compiled = performance.now();
    const starter = await quantiseModel(await readModel(setupFiles.starterModel));
    const model = new PublishedModel(starter, 1, prepared.extractors);
    const read = performance.now();
    await Promise.all(prepared.slots.map((slot) => slot.start()));
    const started = performance.now();
    const load = { kernelMs: compiled - begun, modelMs: read - compiled, threadsMs: started - read };
    return new BareLoop(prepared.slots, model, load);
  }

  /**
   * Tags the photos, two at a time a thread.
   * @returns seconds
   */
  async tag(photos: readonly BenchPhoto[]): Promise<number> {
    const left = [...photos].reverse();
    const work = async (slot: WorkerSlot) => {
      for (let photo = left.pop(); photo !== undefined; photo = left.pop()) await this.#run(slot, photo);
    };
    const started = performance.now();
    await Promise.all(
      this.#slots.flatMap((slot) => Array.from({ length: placesPerThread }, () => work(slot))),
    );
    return (performance.now() - started) / 1000;
  }

  /** Mean time of a photo in each stage with nothing beside it: two at a time, one waits for the other's kernel. */
  async stages(photos: readonly BenchPhoto[]): Promise<StageTimes> {
    const [slot] = this.#slots;
    const sum = { decode: 0, features: 0, score: 0 };
    for (const photo of photos) {
      const times = await this.#run(slot!, photo);
      for (const stage of ['decode', 'features', 'score'] as const)
        sum[stage] += times[stage] / photos.length;
    }
    return sum;
  }

  stop(): void {
    for (const slot of this.#slots) slot.kill();
  }

  // The bytes are moved to the thread, so each photo is copied once, as a node copies it out of its message.
  async #run(slot: WorkerSlot, { bytes }: BenchPhoto): Promise<StageTimes> {
    const copy = new Uint8Array(bytes).buffer;
    const found = await slot.run({ bytes: copy, model: this.#model.handle, top: 0 });
    this.#model.name(found.tags);
    return found.times;
  }
}
