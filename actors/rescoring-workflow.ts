import { mkdir } from 'node:fs/promises';
import { systemClock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { FeatureSelection } from '../src/model/feature-store/feature-snapshot.ts';
import type { FeatureStore, FeatureStores } from '../src/model/feature-store/feature-store.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import { AppendFile } from '../src/model/tagging/append-file.ts';
import { failureLines } from '../src/model/tagging/failures.ts';
import { failuresFile } from '../src/model/tagging/tagging-journal.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { PublishedModel } from '../src/pool/published-model.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { RescoreOutcome } from '../src/store/tag-store.ts';
import type { Json } from '../src/train/task.ts';
import { rescoreResult, rescoreTask } from '../src/train/tasks/rescore.ts';
import { Window } from '../src/train/window.ts';
import type { RescoreSpec } from '../src/transport/run-spec.ts';
import { rescoredBatch, type RescoredPhoto } from './rescored-batch.ts';
import type { OwnResultStore } from './result-store.ts';
import { allRows, foundRows, type RescoringPage, type RescoringPages } from './rescoring-pages.ts';
import type { RunContext } from './run-coordinator.ts';
import type { RunFolders } from './run-folders.ts';
import { patiently } from './store-patience.ts';

/** What scoring stored features again works with on this node. */
export interface RescoringServices {
  readonly tags: SupervisedTagStore;
  readonly features: FeatureStores;
  readonly results: OwnResultStore;
  readonly models: ActiveModel;
  readonly extractors: readonly ExtractorReference[];
  readonly folders: RunFolders;
  readonly log: Log;
}

/** What of a run this needs. */
export interface RescoringContext extends Pick<RunContext, 'signal'> {
  readonly run: Pick<RunContext['run'], 'id' | 'startedAt'>;
  readonly tasks: Pick<RunContext['tasks'], 'localParallelism' | 'runUnrecorded'>;
  readonly progress: Pick<RunContext['progress'], 'at' | 'steps'>;
}

/** Rows in a transaction: uploads that are stored meanwhile wait for one at most. */
const transactionRows = 1_024;
/** Pages for each thread that scores: one of them is being looked up or written. */
const pagesAhead = 1;
const examplesKept = 20;

type Rows = RescoringPage['rows'];

/** A place in a feature store that is kept readable. */
interface Held {
  readonly store: FeatureStore;
  readonly selection: FeatureSelection;
}

/** Outdated rows, and where the features of them are that have those of every extractor of the model. */
interface LocatedPage extends RescoringPage {
  readonly complete: Rows;
  /** Of each extractor, the places of `complete`. */
  readonly selections: readonly FeatureSelection[];
  readonly held: readonly Held[];
}

/**
 * Gives photos the tags that the model in use has for their stored features, without a pixel. Each row that is scored says so, whether its
 * tags change or not: what is left to do is in the store, so a run that begins again goes on where it was.
 *
 * A model that is put in use meanwhile takes over: the run ends when no row is of an earlier one.
 */
export async function rescore(
  { which, query }: RescoreSpec,
  context: RescoringContext,
  services: RescoringServices,
): Promise<Json> {
  const taggedBefore = which === 'all' ? context.run.startedAt : 0;
  for (;;) {
    const model = services.models.current;
    const outdated = { activation: model.handle.activation, taggedBefore };
    const pages =
      query === undefined ? allRows(services.tags, outdated) : foundRows(services.tags, outdated, query);
    // Of this pass alone: whoever goes through all rows again finds all of them again.
    const failures = await failuresAnew(services.folders.of(context.run.id));
    try {
      const pass = new RescoringPass(model, pages, failures, context, services);
      if (await pass.run()) return { ...pass.toJson(), steps: context.progress.steps() };
    } finally {
      await failures.close();
    }
  }
}

async function failuresAnew(folder: string): Promise<AppendFile> {
  await mkdir(folder, { recursive: true });
  return await AppendFile.open(failuresFile(folder), 0);
}

/** One way through all rows with one model. */
class RescoringPass {
  readonly #model: PublishedModel;
  readonly #rows: RescoringPages;
  readonly #failures: AppendFile;
  readonly #context: RescoringContext;
  readonly #services: RescoringServices;
  readonly #outcomes: Record<RescoreOutcome, number> = { changed: 0, same: 0, superseded: 0 };
  readonly #notRescored: { count: number; readonly examples: string[] } = { count: 0, examples: [] };
  readonly #held = new Set<Held>();
  #seen = 0;

  constructor(
    model: PublishedModel,
    rows: RescoringPages,
    failures: AppendFile,
    context: RescoringContext,
    services: RescoringServices,
  ) {
    this.#model = model;
    this.#rows = rows;
    this.#failures = failures;
    this.#context = context;
    this.#services = services;
  }

  /** Resolves to whether it came to the end with a model that is still in use. */
  async run(): Promise<boolean> {
    const window = new Window(this.#context.tasks.localParallelism + pagesAhead);
    try {
      await this.#pages(window);
      await window.drain();
      return this.#services.models.current === this.#model;
    } finally {
      // After a fault, pages may be under way, or located for nobody.
      await window.drain().catch(() => undefined);
      await this.#release(this.#held);
    }
  }

  async #pages(window: Window): Promise<void> {
    const { progress, signal } = this.#context;
    const { models } = this.#services;
    progress.at('rescore');
    const total = await this.#patiently(() => this.#rows.total());
    let after: RescoringPage['next'];
    for (let number = 0; models.current === this.#model; number += 1) {
      signal.throwIfAborted();
      const place = after;
      const page = await this.#patiently(() => this.#locate(place));
      await window.enter(async () => {
        await this.#rescore(page, number);
        this.#seen += page.seen;
        progress.at('rescore', { done: this.#seen, total: total === 0 ? 0 : Math.max(total, this.#seen) });
      });
      after = page.next;
      if (after === undefined) break;
    }
  }

  /** What it came to. */
  toJson(): Record<string, Json> {
    const { changed, same, superseded } = this.#outcomes;
    const { id, activation } = this.#model.handle;
    return {
      model: id,
      activation,
      photos: { stored: this.#seen, rescored: changed + same, changed, superseded },
      notRescored: this.#notRescored,
    };
  }

  /**
   * A page of rows, and where their features are. Between two batches of uploads: a row that is found has the features of its own
   * submission then. Should the photo come again later, its row is of another one, and what is found here is superseded.
   */
  #locate(after: RescoringPage['next']): Promise<LocatedPage> {
    const { results, features, extractors } = this.#services;
    const { blocks } = this.#model.handle;
    const wanted = new Set(blocks.map(({ extractor }) => extractor));
    return results.between(async () => {
      const page = await this.#rows.page(after);
      const held: Held[] = [];
      for (const extractor of extractors.filter(({ id }) => wanted.has(id)))
        held.push(await this.#hold(await features.of(extractor), page));
      return { ...page, ...this.#completeOnly(page, held), held };
    });
  }

  /** The rows whose features are there of every extractor, and all of one submission; and of each selection their places. */
  #completeOnly(
    { rows }: RescoringPage,
    held: readonly Held[],
  ): Pick<LocatedPage, 'complete' | 'selections'> {
    const isComplete = (_: unknown, index: number) =>
      this.#services.results.isWhole(rows[index]?.photoId ?? '') &&
      held.every(({ selection: { places } }) => places[index] !== undefined);
    return {
      complete: rows.filter(isComplete),
      selections: held.map(({ selection }) => ({
        ...selection,
        places: selection.places.filter(isComplete),
      })),
    };
  }

  async #hold(store: FeatureStore, { rows }: RescoringPage): Promise<Held> {
    const held = { store, selection: await store.select(rows.map(({ photoId }) => photoId)) };
    this.#held.add(held);
    return held;
  }

  async #release(some: Iterable<Held>): Promise<void> {
    for (const held of some) {
      this.#held.delete(held);
      await held.store.release(held.selection);
    }
  }

  async #rescore(page: LocatedPage, number: number): Promise<void> {
    const { tasks, signal } = this.#context;
    const { rows, complete, selections, held } = page;
    const found = new Set(complete);
    await this.#leaveOut(
      rows.filter((row) => !found.has(row)),
      'are not there for every extractor of the model',
    );
    if (complete.length > 0) {
      const task = rescoreTask(`rescore/${String(number)}`, selections);
      const result = await tasks.runUnrecorded(task, { signal, model: this.#model.handle });
      await this.#write(complete, rescoreResult(result));
    }
    await this.#release(held);
  }

  async #write(rows: Rows, found: ReturnType<typeof rescoreResult>): Promise<void> {
    const taggedAt = systemClock.now();
    const photos: RescoredPhoto[] = [];
    for (const [index, photo] of rows.entries()) {
      const tags = found[index];
      if (tags === undefined) await this.#leaveOut([photo], 'are damaged');
      else photos.push({ photo, found: tags });
    }
    for (let first = 0; first < photos.length; first += transactionRows) {
      const batch = rescoredBatch(photos.slice(first, first + transactionRows), this.#model, taggedAt);
      const outcomes = await this.#patiently(() => this.#services.tags.rescore(batch));
      for (const outcome of outcomes) this.#outcomes[outcome] += 1;
    }
  }

  /** Without features of every extractor, or with damaged ones: such photos keep the tags that they have. */
  async #leaveOut(rows: Rows, reason: string): Promise<void> {
    this.#notRescored.count += rows.length;
    const room = examplesKept - this.#notRescored.examples.length;
    this.#notRescored.examples.push(...rows.slice(0, room).map(({ photoId }) => photoId));
    const { code, message } = new Fault('FEATURES_UNUSABLE', { reason });
    await this.#failures.append(failureLines(rows.map(({ photoId: id }) => ({ id, code, message }))));
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, { signal: this.#context.signal, log: this.#services.log });
  }
}
