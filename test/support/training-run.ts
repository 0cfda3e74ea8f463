import { join } from 'node:path';
import { SetWriter } from '../../bench/train/set-writer.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { BlobStore } from '../../src/model/blob-store.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import { JobPool } from '../../src/pool/job-pool.ts';
import type { Task, TaskResult, TaskRunner } from '../../src/train/task.ts';
import { TrainingRun, type LearningOptions, type TrainedModel } from '../../src/train/training-run.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { quantiseFeatures } from '../../src/vision/quantised-features.ts';
import { seeded } from './random.ts';

/** Features a photo of the sets made here. */
const dims = 24;

const extractor = { id: 'lite0', version: 1, dims, parametersHash: '0'.repeat(64) };

/** The label of a photo for a class, its number: 1, −1, or 0 for none. `trueClass` is what the photo shows. */
export type Labeller = (photo: number, classIndex: number, trueClass: number) => number;

/** What a training set is made of: photos by their numbers. */
export interface MadePhotos {
  readonly classes: number;
  /** Shards of photos: from a number up to, not including, another. */
  readonly learn: readonly (readonly [number, number])[];
  readonly heldOut: readonly (readonly [number, number])[];
  readonly label?: Labeller;
  /** How far apart the classes are, in deviations of the noise. */
  readonly distance?: number;
}

/** Every photo is labelled for every class. */
export const labelAll: Labeller = (_, index, shown) => (index === shown ? 1 : -1);

/** What photo `number` shows: one of twelve things, whatever classes there are. */
function shownBy(number: number): number {
  return seeded(number).below(12);
}

/** A training set of photos that show one class each; the same photo has the same features in every set. */
export async function madeTrainingSet(
  blobs: BlobStore,
  { classes, learn, heldOut, label = labelAll, distance = 5 }: MadePhotos,
): Promise<TrainingSet> {
  const names = Array.from({ length: classes }, (_, index) => `class ${String(index).padStart(2, '0')}`);
  const writer = new SetWriter(blobs, extractor, names);
  for (const [part, shards] of [
    ['learn', learn],
    ['heldOut', heldOut],
  ] as const)
    for (const [first, end] of shards) {
      const photos = Array.from({ length: end - first }, (_, index) => first + index);
      const features = photos.map((photo) => quantiseFeatures(featuresOf(photo, distance)));
      await writer.add(part, {
        ids: photos.map((photo) => `photo-${String(photo)}`),
        values: Uint8Array.from(features.flatMap(({ values }) => [...values])),
        scales: Float32Array.from(features.flatMap(({ offset, scale }) => [offset, scale])),
        labels: Int8Array.from(
          photos.flatMap((photo) =>
            Array.from({ length: classes }, (_, index) => label(photo, index, shownBy(photo))),
          ),
        ),
      });
    }
  return await writer.finish();
}

function featuresOf(photo: number, distance: number): Float32Array {
  const random = seeded(photo + 1_000_003);
  const bell = () => random.fraction() + random.fraction() + random.fraction() + random.fraction() - 2;
  const features = Float32Array.from({ length: dims }, () => bell());
  features[shownBy(photo)]! += distance * 0.577;
  return features;
}

/** The product's job threads, with their blobs below `folder`. */
export async function trainingPool(folder: string, threads: number): Promise<JobPool> {
  return new JobPool({
    clock: systemClock,
    setup: { kernel: await Kernel.compile(), parameters: undefined },
    blobs: join(folder, 'blobs'),
    scratch: join(folder, 'scratch'),
    threads,
  });
}

/** Keeps results as a cluster does, by the tasks' keys, and gives them again to a run that begins again. */
export class RecordingRunner implements TaskRunner {
  readonly parallelism: number;
  /** Tasks that were carried out, in the order in which they ended. */
  readonly carriedOut: Task[] = [];
  /** Keys of two different tasks: the second got the result of the first. */
  readonly clashes: string[] = [];
  readonly #tasks: TaskRunner;
  readonly #known = new Map<string, { readonly task: string; readonly result: TaskResult }>();

  constructor(tasks: TaskRunner, parallelism = tasks.parallelism) {
    this.#tasks = tasks;
    this.parallelism = parallelism;
  }

  /** Whether it has a result for a task. */
  knows({ key }: Task): boolean {
    return this.#known.has(key);
  }

  async run(task: Task, options?: Parameters<TaskRunner['run']>[1]): Promise<TaskResult> {
    const known = this.#known.get(task.key);
    if (known !== undefined) {
      if (known.task !== JSON.stringify(task)) this.clashes.push(task.key);
      return known.result;
    }
    const result = await this.#tasks.run(task, options);
    this.#known.set(task.key, { task: JSON.stringify(task), result });
    this.carriedOut.push(task);
    return result;
  }
}

/** Learns from a set with options that make the same model each time. */
export function learnFrom(
  set: TrainingSet,
  options: Pick<LearningOptions, 'tasks' | 'blobs'> & Partial<LearningOptions>,
): Promise<TrainedModel> {
  return new TrainingRun(set, {
    signal: new AbortController().signal,
    name: 'made',
    description: 'made by a test',
    created: '2026-01-01T00:00:00Z',
    precision: 0.8,
    onProgress: () => undefined,
    publish: () => Promise.resolve(),
    ...options,
  }).learn();
}
