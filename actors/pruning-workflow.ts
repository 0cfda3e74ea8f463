import { Fault } from '../src/base/errors.ts';
import { activationBefore } from '../src/transport/activations.ts';
import type { BlobExchange } from '../src/transport/blob-exchange.ts';
import type { DeadLetters } from '../src/transport/dead-letters.ts';
import type { DeadLetter, ModelRecord } from '../src/transport/payloads.ts';
import type { RunRecord, RunRecords } from '../src/transport/run-records.ts';
import type { PruneSpec } from '../src/transport/run-spec.ts';
import type { TaskQueue } from '../src/transport/task-queue.ts';
import type { TaskRecords } from '../src/transport/task-records.ts';
import type { Json } from '../src/train/task.ts';
import { removeModel, type ModelPlaces } from './model-removal.ts';
import type { RunContext } from './run-coordinator.ts';
import type { TrainingRecords } from './training-records.ts';

/** What pruning works with. */
export interface PruningServices extends ModelPlaces {
  readonly deadLetters: DeadLetters;
  readonly runs: RunRecords;
  /** Where runs that were not finished have left something. */
  readonly leftovers: {
    readonly queue: TaskQueue;
    readonly records: TaskRecords;
    readonly exchange: BlobExchange;
  };
  readonly trained: TrainingRecords;
}

/** What of a run this needs. */
export interface PruningContext extends Pick<RunContext, 'signal'> {
  readonly run: Pick<RunContext['run'], 'startedAt'>;
  readonly progress: Pick<RunContext['progress'], 'at' | 'steps'>;
}

/** What was removed, or would be. */
interface Removed {
  readonly count: number;
  /** Some of them. */
  readonly examples: Json[];
}

const pageLetters = 1_000;
const examplesKept = 20;

/**
 * Removes what has become old, each kind of thing if the spec says how old. Ages are those when the run began, so that one that is begun again
 * removes no more.
 */
export async function prune(
  spec: PruneSpec,
  context: PruningContext,
  services: PruningServices,
): Promise<Json> {
  const { deadAfterMs, keepModels, runsAfterMs, dryRun } = spec;
  const { progress, run } = context;
  const pruning = new Pruning(dryRun, context, services);
  const report: Record<string, Json> = { dryRun };
  if (deadAfterMs !== undefined) {
    progress.at('dead letters');
    report['deadLetters'] = { ...(await pruning.deadLetters(run.startedAt - deadAfterMs)) };
  }
  if (keepModels !== undefined) {
    progress.at('models');
    report['models'] = { ...(await pruning.models(keepModels)) };
  }
  if (runsAfterMs !== undefined) {
    progress.at('runs');
    report['runs'] = { ...(await pruning.runs(run.startedAt - runsAfterMs)) };
  }
  return { ...report, steps: progress.steps() };
}

class Pruning {
  readonly #dryRun: boolean;
  readonly #context: PruningContext;
  readonly #services: PruningServices;

  constructor(dryRun: boolean, context: PruningContext, services: PruningServices) {
    this.#dryRun = dryRun;
    this.#context = context;
    this.#services = services;
  }

  async deadLetters(before: number): Promise<Removed> {
    const { deadLetters } = this.#services;
    const removed: DeadLetter[] = [];
    let count = 0;
    for (let after: number | undefined = 0; after !== undefined;) {
      const page = await deadLetters.list({ limit: pageLetters, after });
      const old = page.letters.filter(({ buriedAt }) => buriedAt < before);
      await this.#remove(old, ({ sequence }) => deadLetters.remove(sequence));
      count += old.length;
      removed.push(...old.slice(0, examplesKept - removed.length));
      // They lie in the order of their burial.
      after = old.length < page.letters.length ? undefined : page.next;
    }
    return { count, examples: removed.map(({ id, code }) => ({ id, code })) };
  }

  async models(keep: number): Promise<Removed> {
    const models = await this.#services.registry.list();
    const needed = await this.#neededModels();
    const old = models.slice(0, -keep).filter((model) => model.kind !== 'starter' && !needed.has(model.id));
    await this.#remove(old, ({ id }) => removeModel(this.#services, id));
    return { count: old.length, examples: old.slice(0, examplesKept).map(modelJson) };
  }

  /** What a rollback would bring back, and what the next training may begin with; what is in use is refused to be removed. */
  async #neededModels(): Promise<ReadonlySet<string>> {
    const { activations, trained } = this.#services;
    const history = await activations.history();
    const current = history.at(-1);
    return new Set([
      ...(current === undefined ? [] : [current.model]),
      ...(history.length < 2 ? [] : [activationBefore(history).model]),
      ...(await trained.models()),
    ]);
  }

  async runs(before: number): Promise<Removed> {
    const { runs, leftovers } = this.#services;
    const old: RunRecord[] = [];
    for (const run of await runs.list()) {
      const isOver = run.state !== 'running' && run.state !== 'paused';
      const isOld = isOver && run.updatedAt < before;
      // One that was resumed is the latest, whatever was started after it.
      if (isOld && (await runs.latest(kindOf(run)))?.id !== run.id) old.push(run);
    }
    await this.#remove(old, async ({ id }) => {
      await leftovers.queue.withdraw(id);
      await leftovers.records.clear(id);
      await leftovers.exchange.clear(id);
      await runs.forget(id);
    });
    return {
      count: old.length,
      examples: old.slice(0, examplesKept).map(({ id, state }) => ({ id, state })),
    };
  }

  /** Somebody else may have removed one meanwhile, or put it in use. */
  async #remove<T>(things: readonly T[], remove: (thing: T) => Promise<void>): Promise<void> {
    for (const thing of this.#dryRun ? [] : things) {
      this.#context.signal.throwIfAborted();
      try {
        await remove(thing);
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code !== 'NOT_FOUND' && fault.code !== 'MODEL_IN_USE') throw fault;
      }
    }
  }
}

function kindOf({ id }: RunRecord): string {
  return id.split('-', 1)[0] ?? '';
}

function modelJson({ id, kind, created }: ModelRecord): Json {
  return { model: id.slice(0, 12), kind, created };
}
