import { Fault } from '../src/base/errors.ts';
import type { BlobRef, BlobStore } from '../src/model/blob-store.ts';
import type { FeatureStore, FeatureStores } from '../src/model/feature-store/feature-store.ts';
import { readModel } from '../src/model/model-file.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import type { JoinReport } from '../src/model/training-set/join-report.ts';
import { readPhotoFolders } from '../src/model/training-set/photo-folders.ts';
import { readPixelData, type InputPhoto } from '../src/model/training-set/pixel-data.ts';
import { rowsOf, type TrainingSet } from '../src/model/training-set/training-set.ts';
import { describePhotos } from '../src/train/describe-photos.ts';
import type { Evaluation } from '../src/train/evaluation.ts';
import type { Json, TaskRunner } from '../src/train/task.ts';
import { joinResult, joinTask } from '../src/train/tasks/join.ts';
import { reportTask } from '../src/train/tasks/report.ts';
import { isWhole, type LabelRecord, type TrainingRecord } from '../src/train/training-record.ts';
import { TrainingRun, type TrainedModel } from '../src/train/training-run.ts';
import { readTrainingSet } from '../src/train/training-set-blob.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { ModelRecord } from '../src/transport/payloads.ts';
import type { TrainSpec } from '../src/transport/run-spec.ts';
import type { DecodeLimits } from '../src/vision/decode.ts';
import { readClassShares } from './class-shares.ts';
import { withCorrectionLabels } from './correction-labels.ts';
import { InputProblems } from './input-problems.ts';
import type { ModelActivator } from './model-activator.ts';
import { changesOf } from './model-changes.ts';
import type { ModelComparison } from './model-comparison.ts';
import { metadataOf, summaryOf } from './model-metadata.ts';
import type { RunContext } from './run-coordinator.ts';
import type { TrainingRecords } from './training-records.ts';

/** What training works with on this node. */
export interface TrainingServices {
  readonly extractors: readonly ExtractorReference[];
  readonly features: FeatureStores;
  readonly blobs: BlobStore;
  readonly limits: DecodeLimits;
  readonly registry: ModelRegistry;
  readonly comparison: ModelComparison;
  readonly activator: ModelActivator;
  readonly trained: TrainingRecords;
  /** Has the corrections of users. */
  readonly tags: Pick<SupervisedTagStore, 'corrected'>;
}

/** Trains a model: describes photos, joins them with labels, learns, publishes. */
export async function train(spec: TrainSpec, context: RunContext, services: TrainingServices): Promise<Json> {
  return await new TrainingWorkflow(spec, context, services).run();
}

const defaultExtractor = 'lite0';
const defaultName = 'trained';

/** Photos that a run may not use. */
interface Forgotten {
  /** Forgotten since the run was started, but before it was begun again last. */
  readonly without: ReadonlySet<string>;
  /** Forgotten since. */
  readonly removed: ReadonlySet<string>;
}

class TrainingWorkflow {
  readonly #spec: TrainSpec;
  readonly #context: RunContext;
  readonly #services: TrainingServices;
  readonly #problems: InputProblems;
  #update: Promise<ModelRecord | undefined> | undefined;

  constructor(spec: TrainSpec, context: RunContext, services: TrainingServices) {
    this.#spec = spec;
    this.#context = context;
    this.#services = services;
    this.#problems = new InputProblems(spec.strict);
  }

  async run(): Promise<Json> {
    // First, so that nothing is forgotten unnoticed in between.
    const removals = this.#services.features.watchRemovals();
    try {
      const without = await this.#services.trained.forgottenSince(this.#context.run.startedAt);
      return await this.#train({ without, removed: removals.removed });
    } finally {
      removals.end();
    }
  }

  async #train(forgotten: Forgotten): Promise<Json> {
    const { progress } = this.#context;
    const { update } = this.#spec;
    const base = update === undefined ? undefined : await this.#services.trained.find(update);
    const wanted = this.#spec.extractor ?? base?.set.extractor.id ?? defaultExtractor;
    const extractor = extractorOf(wanted, this.#services.extractors);
    const store = await this.#services.features.of(extractor);
    const described = await this.#describe(extractor, store, forgotten);
    const joined = await this.#join(store, base?.set, forgotten);
    const set = await readTrainingSet(this.#services.blobs, joined.set);
    const tasks = tasksOn(joined.set, this.#context.tasks);
    const model = await this.#learn(set, tasks, base, joined.report);
    if (model.record !== undefined) await this.#services.trained.keep(model.model, model.record);
    if (this.#spec.activate) {
      progress.at('activate');
      await this.#services.activator.activate({ models: [model.model], force: false, margin: 1 });
    }
    const changes = base === undefined ? {} : { changes: await this.#changes(base.set, set, model.model) };
    return {
      model: model.model,
      ...changes,
      classes: set.classes.length,
      evaluation: { ...model.summary },
      photos: { described, problems: this.#problems.toJson() },
      join: joined.report as unknown as Json,
      steps: progress.steps(),
    };
  }

  async #changes(before: TrainingSet, after: TrainingSet, trained: string): Promise<Json> {
    const { comparison } = this.#services;
    const model = (await this.#updated())?.id ?? '';
    return changesOf({ model, before, after }, await comparison.diff(model, trained));
  }

  /** Describes the photos of the input that are not described yet. */
  async #describe(
    extractor: ExtractorReference,
    store: FeatureStore,
    { without, removed }: Forgotten,
  ): Promise<number> {
    const { tasks, signal, progress } = this.#context;
    const { blobs, limits, features } = this.#services;
    progress.at('describe');
    const described = await describePhotos(this.#photos(store, without), {
      tasks,
      blobs,
      extractor,
      limits,
      signal,
      keep: (rows) =>
        features.append(
          rows.map(({ id, features: row }) => ({ id, features: [{ extractor, features: row }] })),
          removed,
        ),
      onProgress: (done) => {
        progress.at('describe', done);
      },
      onProblem: this.#problems.addPhoto,
    });
    this.#problems.check();
    return described;
  }

  async *#photos(store: FeatureStore, without: ReadonlySet<string>): AsyncGenerator<InputPhoto> {
    const reading = {
      maxPhotoBytes: this.#services.limits.maxBytes,
      onProblem: this.#problems.addInput,
      isStored: (id: string) => without.has(id) || store.has(id),
    };
    for (const file of this.#spec.pixels) yield* readPixelData(file, reading);
    for (const folder of this.#spec.folders) yield* readPhotoFolders(folder, reading);
  }

  /** Joins what is described with labels, those of users among them if they are wanted. */
  async #join(store: FeatureStore, base: TrainingSet | undefined, { without }: Forgotten) {
    const { labels, corrections } = this.#spec;
    this.#context.progress.at('join');
    const joinWith = (files: readonly string[]) =>
      this.#joinLabels([...labels, ...files], store, base, without);
    return await (corrections ? withCorrectionLabels(this.#services, joinWith) : joinWith([]));
  }

  /** On this node, which has features and files. */
  async #joinLabels(
    labels: string[],
    store: FeatureStore,
    base: TrainingSet | undefined,
    without: ReadonlySet<string>,
  ) {
    const { tasks, signal, progress } = this.#context;
    const { folders, assumeNegative, strict, minExamples } = this.#spec;
    const snapshot = await store.snapshot();
    try {
      const parameters = {
        labels,
        folders,
        assumeNegative,
        strict,
        ...(minExamples === undefined ? {} : { minPositives: minExamples }),
      };
      const task = await joinTask(this.#services.blobs, parameters, { snapshot, base, without });
      const result = await tasks.runLocal(task, {
        signal,
        onProgress: (done) => {
          progress.at('join', done);
        },
      });
      return joinResult(result);
    } finally {
      await store.release(snapshot);
    }
  }

  async #learn(
    set: TrainingSet,
    tasks: TaskRunner,
    base: TrainingRecord | LabelRecord | undefined,
    joined: JoinReport,
  ): Promise<TrainedModel> {
    const { run, signal, progress } = this.#context;
    const { blobs } = this.#services;
    const { precision, prevalence } = this.#spec;
    const name = await this.#name();
    const shares = prevalence === undefined ? undefined : await readClassShares(prevalence);
    const training = new TrainingRun(set, {
      tasks,
      blobs,
      signal,
      name,
      description: `trained on ${String(rowsOf([...set.learn, ...set.heldOut]))} photos, ${String(set.classes.length)} classes`,
      created: new Date(run.startedAt).toISOString(),
      precision,
      shares,
      update: base !== undefined && isWhole(base) ? base : undefined,
      onProgress: (step, done) => {
        progress.at(step, done);
      },
      publish: async (model) => {
        const report = model.kind === 'trained' ? await this.#report(name, set, model, joined) : undefined;
        await this.#publish(model, report);
      },
    });
    return await training.learn();
  }

  /** Of the model's block of classes. */
  async #name(): Promise<string> {
    const { name } = this.#spec;
    if (name !== undefined) return name;
    const blocks = (await this.#updated())?.blocks ?? [];
    return blocks.length === 1 ? (blocks[0]?.name ?? defaultName) : defaultName;
  }

  async #report(
    title: string,
    set: TrainingSet,
    { model, evaluation }: TrainedModel,
    joined: JoinReport,
  ): Promise<Buffer> {
    const { run, tasks, signal, progress } = this.#context;
    const task = reportTask(evaluation, {
      title,
      created: new Date(run.startedAt).toISOString(),
      facts: [
        ['model', model.slice(0, 16)],
        ['extractor', `${set.extractor.id}-${String(set.extractor.version)}`],
        ['photos', String(rowsOf([...set.learn, ...set.heldOut]))],
        ['run', run.id],
      ],
      join: countsOf(joined),
      steps: progress.steps(),
      pixels: this.#spec.pixels,
      folders: this.#spec.folders,
      limits: { ...this.#services.limits },
    });
    const { outputs } = await tasks.runLocal({ ...task, key: `${task.key}/${model}` }, { signal });
    const [page] = outputs;
    return page === undefined ? Buffer.alloc(0) : await this.#services.blobs.read(page.id);
  }

  async #parents(): Promise<string[]> {
    const updated = await this.#updated();
    return updated === undefined ? [] : [updated.id];
  }

  /** The model that is updated, if one is; looked up once. */
  #updated(): Promise<ModelRecord | undefined> {
    const { update } = this.#spec;
    this.#update ??= update === undefined ? Promise.resolve(undefined) : this.#services.registry.find(update);
    return this.#update;
  }

  async #publish({ kind, file, evaluation }: TrainedModel, report: Buffer | undefined): Promise<void> {
    const { run } = this.#context;
    const { blobs, registry } = this.#services;
    const path = blobs.path(file.id);
    const { header } = await readModel(path);
    const judged = await blobs.read(evaluation.id);
    const summary = summaryOf(JSON.parse(judged.toString('utf8')) as Evaluation);
    await registry.publish({
      file: path,
      metadata: metadataOf(header, {
        kind,
        run: run.id,
        evaluation: summary,
        parents: await this.#parents(),
      }),
      evaluation: judged,
      ...(report === undefined ? {} : { report }),
    });
  }
}

/** Tasks that are those of one training set: a run that joins once more, to another one, has none of their results. */
function tasksOn({ id }: BlobRef, tasks: TaskRunner): TaskRunner {
  return {
    get parallelism() {
      return tasks.parallelism;
    },
    run: (task, options) => tasks.run({ ...task, key: `${task.key}@${id.slice(0, 16)}` }, options),
  };
}

function countsOf({ photos, labels, problems }: JoinReport): { what: string; count: number }[] {
  return [
    { what: 'photos with features', count: photos.stored },
    { what: 'photos learned from', count: photos.learn },
    { what: 'photos held out', count: photos.heldOut },
    { what: 'labels read', count: labels.given },
    { what: 'labels said twice', count: labels.duplicates },
    { what: 'parts of the input that could not be used', count: problems.input.count },
    { what: 'contradictory labels', count: problems.contradictoryLabels.count },
    { what: 'labels without photo', count: problems.labelsWithoutPhoto.count },
    { what: 'photos without label', count: problems.photosWithoutLabel.count },
    { what: 'classes with too few examples', count: problems.classesLeftOut.count },
    { what: 'photos with damaged features', count: problems.photosDamaged.count },
  ];
}

function extractorOf(id: string, extractors: readonly ExtractorReference[]): ExtractorReference {
  const found = extractors.find((extractor) => extractor.id === id);
  if (found !== undefined) return found;
  throw new Fault('MODEL_EXTRACTOR', { expected: id, found: extractors.map((one) => one.id).join(' or ') });
}
