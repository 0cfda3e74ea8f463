import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import type { BlobRef, BlobStore } from '../model/blob-store.ts';
import type { TrainingSet } from '../model/training-set/training-set.ts';
import { classesOf, classRange, countOf, cutClasses, rangesOf, type ClassRange } from './class-range.ts';
import { planLearning, slicesOf, type LearningPlan } from './learning-plan.ts';
import type { LearnedBlock } from './raw-classifiers.ts';
import type { Task, TaskProgress, TaskResult, TaskRunner } from './task.ts';
import { assembleTask, assembled } from './tasks/assemble.ts';
import { calibrateTask } from './tasks/calibrate.ts';
import { compared, compareTask } from './tasks/compare.ts';
import { concludeTask, conclusion, type evaluationSummary } from './tasks/conclude.ts';
import { excludeTask } from './tasks/exclude.ts';
import { learnTask } from './tasks/learn.ts';
import { startTask } from './tasks/start.ts';
import { statisticsTask } from './tasks/statistics.ts';
import { warmTask } from './tasks/warm.ts';
import { whitenTask } from './tasks/whiten.ts';
import { planUpdate, rehearsed, type TrainingRecord, type UpdatePlan } from './training-record.ts';
import { putTrainingSet } from './training-set-blob.ts';

/** The steps of learning, in their order. */
export const learningSteps = ['statistics', 'whiten', 'preview', 'learn', 'calibrate', 'finish'] as const;

/** A step of {@link learningSteps}. */
export type LearningStep = (typeof learningSteps)[number];

/** A model that is ready to be published. */
export interface TrainedModel {
  readonly kind: 'preview' | 'trained';
  /** SHA-256 of the model's content: its id. */
  readonly model: string;
  /** The model's file. */
  readonly file: BlobRef;
  /** See `Evaluation`, as JSON. */
  readonly evaluation: BlobRef;
  readonly summary: z.infer<typeof evaluationSummary>;
  /** What an update of it starts from; of a preview, nothing. */
  readonly record?: TrainingRecord;
}

/** What learning works with. */
export interface LearningOptions {
  readonly tasks: TaskRunner;
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
  /** Name of the model's block, and a description. */
  readonly name: string;
  readonly description: string;
  /** ISO time of the model: the run's start, so that a resumed run makes the same model. */
  readonly created: string;
  /** Share of the tags shown that shall be right. */
  readonly precision: number;
  /** How frequent classes are among all photos, where the labelled ones are no fair sample. */
  readonly shares?: ReadonlyMap<string, number> | undefined;
  /** What the model to update was learned from. */
  readonly update?: TrainingRecord | undefined;
  readonly onProgress: (step: LearningStep, progress: TaskProgress) => void;
  readonly publish: (model: TrainedModel) => Promise<void>;
}

/** What every later task needs of the first ones. */
interface Ground {
  readonly setRef: BlobRef;
  /** Sums over the shards to learn from, by the id of their features. */
  readonly sums: Readonly<Record<string, BlobRef>>;
  readonly whitening: BlobRef;
  /** Classes that exclude each other. */
  readonly exclusive: readonly ClassRange[];
}

/** Classifiers that have not seen the held-out rows, and how they came to be. */
interface Learned {
  readonly learned: readonly LearnedBlock[];
  /** Places of the shards that they have learned from last. */
  readonly places: readonly number[];
  /** Epochs so far. */
  readonly first: number;
}

/** Results of calibration, and what their evaluation says. */
interface Judged {
  readonly results: readonly BlobRef[];
  readonly evaluation: BlobRef;
  readonly conclusion: z.infer<typeof conclusion>;
}

const excluded = z.strictObject({ ranges: z.array(classRange) });

/**
 * Learns a model from a training set: statistics, whitening, a preview, epochs of descent, calibration on held-out rows, and a last
 * epoch that learns from those as well. Every step is made of tasks, so that a run that is begun again goes on where it was.
 */
export class TrainingRun {
  readonly #set: TrainingSet;
  readonly #options: LearningOptions;
  readonly #plan: LearningPlan;

  constructor(set: TrainingSet, options: LearningOptions) {
    this.#set = set;
    this.#options = options;
    this.#plan = planLearning(set, options.tasks.parallelism);
    // Each task that waits listens to it.
    setMaxListeners(0, options.signal);
  }

  /**
   * Learns, and publishes the model; on the way a preview, unless it updates a model.
   * @throws Fault of a task; `CANCELLED`
   */
  async learn(): Promise<TrainedModel> {
    const { learn, heldOut } = this.#set;
    const ground = await this.#ground();
    const { learned, places, first } = (await this.#update(ground)) ?? (await this.#learnAll(ground));
    const judged = await this.#judge('calibrate', ground, learned);
    const all = [...places, ...heldOut.map((_, place) => learn.length + place)];
    const final = await this.#descend('finish', ground, learned, { places: all, first, epochs: 1 });
    const { sums, whitening } = ground;
    const record = { set: this.#set, sums, whitening, learned };
    return await this.#assemble('finish', ground, final, judged, record);
  }

  async #learnAll(ground: Ground): Promise<Learned> {
    const { blocks, epochs } = this.#plan;
    const started = await this.#start('preview', ground, blocks);
    await this.#assemble('preview', ground, started, await this.#judge('preview', ground, started));
    const places = [...this.#set.learn.keys()];
    const learned = await this.#descend('learn', ground, started, { places, first: 0, epochs });
    return { learned, places, first: epochs };
  }

  /** Goes on from the classifiers of a model, where its photos are still there. Classes that it did not have are learned from the start. */
  async #update(ground: Ground): Promise<Learned | undefined> {
    const { update } = this.#options;
    const plan = update === undefined ? undefined : planUpdate(update, this.#set);
    if (update === undefined || plan === undefined) return undefined;
    const { epochs } = this.#plan;
    const places = rehearsed(this.#set, plan.changed);
    const origins = await this.#origins(plan);
    const warmed = await this.#warm(ground, update, origins);
    const kept = await this.#descend('learn', ground, warmed, { places, first: epochs, epochs: 1 });
    const fresh = rangesOf([...origins.keys()].filter((index) => (origins[index] ?? -1) < 0));
    if (fresh.length === 0) return { learned: kept, places, first: epochs };
    const started = await this.#start('learn', ground, cutClasses(fresh, this.#options.tasks.parallelism));
    const added = await this.#descend('learn/new', ground, started, {
      places: [...this.#set.learn.keys()],
      first: 0,
      epochs,
    });
    return { learned: [...kept, ...added], places, first: epochs };
  }

  /** Where classes go on from: those whose labels have been turned round begin anew. */
  async #origins({ origins, relabelled }: UpdatePlan): Promise<readonly number[]> {
    if (relabelled.length === 0) return origins;
    const { value } = await this.#one('learn', compareTask(origins, relabelled));
    const turned = new Set(classesOf(compared.parse(value).turned));
    return origins.map((origin, index) => (turned.has(index) ? -1 : origin));
  }

  async #warm(ground: Ground, update: TrainingRecord, origins: readonly number[]): Promise<LearnedBlock[]> {
    const { batchRows, rows, epochs } = this.#plan;
    const old = [...origins.keys()].filter((index) => (origins[index] ?? -1) >= 0);
    if (old.length === 0) return [];
    const blocks = cutClasses(rangesOf(old), this.#options.tasks.parallelism);
    const steps = Math.round((epochs * rows) / batchRows);
    const results = await this.#all(
      'learn',
      blocks.map((ranges, index) =>
        warmTask(
          `warm/${placeOf(index, blocks.length)}`,
          {
            origins: classesOf(ranges).map((place) => origins[place] ?? 0),
            classes: update.set.classes.length,
            steps,
          },
          { before: update.whitening, after: ground.whitening, learned: update.learned },
        ),
      ),
    );
    return results.map((result, index) => ({ ranges: blocks[index] ?? [], state: only(result) }));
  }

  async #ground(): Promise<Ground> {
    const setRef = await putTrainingSet(this.#options.blobs, this.#set);
    const sums = await this.#sums();
    const whitened = await this.#one('whiten', whitenTask(Object.values(sums), this.#plan.shrinkage));
    const { value } = await this.#one('whiten', excludeTask(setRef, this.#set));
    return { setRef, sums, whitening: only(whitened), exclusive: excluded.parse(value).ranges };
  }

  /** Sums over each shard to learn from; those that a model was made of are not formed again. */
  async #sums(): Promise<Record<string, BlobRef>> {
    const known = this.#options.update?.sums ?? {};
    const { learn } = this.#set;
    const missing = learn.filter(({ features }) => known[features.id] === undefined);
    const results = await this.#all('statistics', missing.map(statisticsTask));
    const formed = new Map(missing.map(({ features }, index) => [features.id, results[index]]));
    return Object.fromEntries(
      learn.map(({ features: { id } }) => {
        const result = formed.get(id);
        const sum = result === undefined ? known[id] : only(result);
        if (sum === undefined) throw new Fault('INTERNAL', { reason: `shard ${id} has no sums` });
        return [id, sum];
      }),
    );
  }

  async #start(
    step: LearningStep,
    { setRef, whitening }: Ground,
    blocks: readonly (readonly ClassRange[])[],
  ): Promise<LearnedBlock[]> {
    const { batchRows } = this.#plan;
    const inputs = { setRef, set: this.#set, whitening };
    const results = await this.#all(
      step,
      blocks.map((ranges, index) =>
        startTask(`start/${placeOf(index, blocks.length)}`, { ranges: [...ranges], batchRows }, inputs),
      ),
    );
    return results.map((result, index) => ({ ranges: blocks[index] ?? [], state: only(result) }));
  }

  /** Passes over some shards; blocks of classes are learned side by side, and each task of a block follows the one before. */
  async #descend(
    keys: LearningStep | 'learn/new',
    { setRef, whitening }: Ground,
    from: readonly LearnedBlock[],
    { places, first, epochs }: { places: readonly number[]; first: number; epochs: number },
  ): Promise<LearnedBlock[]> {
    const { batchRows, rows: epochRows } = this.#plan;
    const slices = from.map(({ ranges }) =>
      Array.from({ length: epochs }, (_, index) => first + index).flatMap((epoch) =>
        slicesOf(this.#set, places, { epoch, classes: countOf(ranges) }).map((shards) => ({ epoch, shards })),
      ),
    );
    const step = keys === 'learn/new' ? 'learn' : keys;
    const counter = this.#counter(step, slices.flat().length);
    return await Promise.all(
      from.map(async ({ ranges, state: before }, block) => {
        let state = before;
        for (const [index, { epoch, shards }] of (slices[block] ?? []).entries()) {
          const parameters = { ranges: [...ranges], shards, batchRows, epochRows, average: epoch > 0 };
          const inputs = { setRef, set: this.#set, whitening, state };
          const key = `${keys}/${placeOf(block, from.length)}/${String(index)}`;
          state = only(await counter.run(learnTask(key, parameters, inputs)));
        }
        return { ranges, state };
      }),
    );
  }

  /** Calibrates all classes on held-out rows, and judges them there. */
  async #judge(step: LearningStep, ground: Ground, learned: readonly LearnedBlock[]): Promise<Judged> {
    const { setRef, whitening, exclusive } = ground;
    const { precision } = this.#options;
    const results = await this.#all(
      step,
      this.#plan.calibrated.map((range) =>
        calibrateTask(
          `${step}/calibrate/${range.join('+')}`,
          { range, precision, exclusive: [...exclusive], shares: this.#sharesOf(range) },
          { setRef, set: this.#set, whitening, learned },
        ),
      ),
    );
    const blocks = results.map(only);
    const task = concludeTask(`${step}/conclude`, countOf(exclusive), {
      setRef,
      set: this.#set,
      results: blocks,
    });
    const concluded = await this.#one(step, task);
    return { results: blocks, evaluation: only(concluded), conclusion: conclusion.parse(concluded.value) };
  }

  #sharesOf([first, count]: ClassRange): (number | null)[] {
    const { shares } = this.#options;
    if (shares === undefined) return [];
    return this.#set.classes.slice(first, first + count).map((name) => shares.get(name) ?? null);
  }

  async #assemble(
    step: 'preview' | 'finish',
    { setRef, whitening }: Ground,
    learned: readonly LearnedBlock[],
    { results, evaluation, conclusion: { correction, summary } }: Judged,
    record?: TrainingRecord,
  ): Promise<TrainedModel> {
    const { name, description, created } = this.#options;
    const task = assembleTask(
      `${step}/assemble`,
      { name, description, created, correction },
      { setRef, whitening, learned, results },
    );
    const result = await this.#one(step, task);
    const { model } = assembled.parse(result.value);
    const kind = step === 'preview' ? 'preview' : 'trained';
    const trained: TrainedModel = {
      kind,
      model,
      file: only(result),
      evaluation,
      summary,
      ...(record === undefined ? {} : { record }),
    };
    await this.#options.publish(trained);
    return trained;
  }

  async #one(step: LearningStep, task: Task): Promise<TaskResult> {
    return await this.#counter(step, 1).run(task);
  }

  async #all(step: LearningStep, tasks: readonly Task[]): Promise<TaskResult[]> {
    const counter = this.#counter(step, tasks.length);
    return await Promise.all(tasks.map((task) => counter.run(task)));
  }

  #counter(step: LearningStep, total: number): TaskCounter {
    const { tasks, signal, onProgress } = this.#options;
    return new TaskCounter(tasks, total, signal, (progress) => {
      onProgress(step, progress);
    });
  }
}

/** Runs the tasks of a step and adds up how far they are, in whole and begun tasks. */
class TaskCounter {
  readonly #tasks: TaskRunner;
  readonly #total: number;
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: TaskProgress) => void;
  #done = 0;
  readonly #begun = new Map<Task, number>();

  constructor(
    tasks: TaskRunner,
    total: number,
    signal: AbortSignal,
    onProgress: (progress: TaskProgress) => void,
  ) {
    this.#tasks = tasks;
    this.#total = total;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async run(task: Task): Promise<TaskResult> {
    const onProgress = ({ done, total }: TaskProgress) => {
      this.#begun.set(task, total > 0 ? done / total : 0);
      this.#tell();
    };
    const result = await this.#tasks.run(task, { signal: this.#signal, onProgress });
    this.#begun.delete(task);
    this.#done += 1;
    this.#tell();
    return result;
  }

  #tell(): void {
    const begun = [...this.#begun.values()].reduce((sum, part) => sum + part, 0);
    this.#onProgress({ done: this.#done + begun, total: this.#total });
  }
}

/** Names a block by how many there are, too: a run that goes on with more threads is cut otherwise. */
function placeOf(block: number, blocks: number): string {
  return `${String(block + 1)}of${String(blocks)}`;
}

function only({ outputs }: TaskResult): BlobRef {
  const [output] = outputs;
  if (output === undefined) throw new Fault('INTERNAL', { reason: 'a task gave no output' });
  return output;
}
