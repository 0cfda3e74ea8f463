import type { Metrics } from '../src/base/metrics.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import type { Model } from '../src/model/model-file.ts';
import { checkExtractors } from '../src/model/model-header.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import { PublishedModel } from '../src/pool/published-model.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { Behaviour, Request } from '../src/runtime/index.ts';
import type { Activation, Activations } from '../src/transport/activations.ts';

/** What the model keeper is told. */
export type ModelKeeperMessage =
  /** The cluster uses another model from now on. */
  | { readonly type: 'activated'; readonly activation: Activation }
  /** Use this model, on every node; answered when it is in use on this one. */
  | Request<{ readonly type: 'activate'; readonly model: string }, Activation>;

/** The keeper of the model in use. */
export const modelKeeperName = new ActorName<ModelKeeperMessage>('models');

/** What the model keeper works with. */
export interface ModelKeeperArgument {
  readonly activations: Activations;
  readonly library: ModelLibrary;
  readonly models: ActiveModel;
  readonly extractors: readonly ExtractorReference[];
  readonly metrics: Metrics;
  readonly log: Log;
}

interface ModelKeeperState extends ModelKeeperArgument {
  readonly unwatch: () => void;
}

/**
 * Follows the activations and puts each model in place: read, verified, then swapped in one step. Photos in a thread
 * finish on theirs; the old buffer goes when nobody holds it.
 */
export const modelKeeper: Behaviour<ModelKeeperState, ModelKeeperMessage, ModelKeeperArgument> = {
  kind: 'models',
  init: async (argument, context) => {
    const { activations, library } = argument;
    const current =
      (await activations.current()) ?? (await activations.activate((await library.starter()).id));
    await place(argument, current);
    const unwatch = await activations.watch((activation) => {
      context.self.cast({ type: 'activated', activation });
    });
    return { ...argument, unwatch };
  },
  receive: async (state, message) => {
    if (message.type === 'activated') await follow(state, message.activation);
    else await activate(state, message);
    return state;
  },
  terminate: ({ unwatch }) => {
    unwatch();
  },
  describe: ({ models: { current } }) => ({
    model: current.handle.id,
    activation: current.handle.activation,
  }),
};

/** Checks the model here before any node is told to use it. */
async function activate(
  state: ModelKeeperState,
  { model, reply }: Extract<ModelKeeperMessage, { type: 'activate' }>,
): Promise<void> {
  try {
    const loaded = await load(state, model);
    const activation = await state.activations.activate(model);
    use(state, loaded, activation);
    reply.ok(activation);
  } catch (error) {
    reply.fail(Fault.from(error));
  }
}

/** A model that this node lacks or cannot use leaves the one before it in place. */
async function follow(state: ModelKeeperState, activation: Activation): Promise<void> {
  try {
    await place(state, activation);
  } catch (error) {
    state.log.error(
      { fault: Fault.from(error).toWire(), activation },
      'the activated model cannot be used here',
    );
  }
}

/** Loads the model of an activation and puts it in use, unless that or a later one is already. */
async function place(argument: ModelKeeperArgument, activation: Activation): Promise<void> {
  if (argument.models.isOver(activation.number)) return;
  use(argument, await load(argument, activation.model), activation);
}

interface LoadedModel {
  readonly model: Model;
  readonly loadMs: number;
}

/** Reads and verifies a model that this node has the extractors of. */
async function load({ library, extractors }: ModelKeeperArgument, id: string): Promise<LoadedModel> {
  const started = performance.now();
  const model = await library.find(id);
  checkExtractors(model.header, extractors);
  return { model, loadMs: performance.now() - started };
}

function use(
  { models, extractors, metrics, log }: ModelKeeperArgument,
  { model, loadMs }: LoadedModel,
  activation: Activation,
): void {
  if (!models.activate(new PublishedModel(model, activation.number, extractors))) return;
  metrics.modelLoadSeconds.set(loadMs / 1000);
  metrics.modelActivation.reset();
  metrics.modelActivation.set({ model: activation.model }, activation.number);
  log.info({ activation, loadMs: Math.round(loadMs) }, 'the model is in use');
}
