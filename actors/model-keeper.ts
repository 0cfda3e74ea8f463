import type { Metrics } from '../src/base/metrics.ts';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import { checkExtractors } from '../src/model/model-header.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import { quantiseModel, type QuantisedModel } from '../src/model/quantised-model.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import { PublishedModel } from '../src/pool/published-model.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { Behaviour, Context, Request } from '../src/runtime/index.ts';
import type { Activation, Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import { metadataOf } from './model-metadata.ts';

/** What the model keeper is told. */
export type ModelKeeperMessage =
  /** The cluster uses another model from now on. */
  | { readonly type: 'activated'; readonly activation: Activation }
  /** Use this model, on every node; answered when it is in use on this one. */
  | Request<
      { readonly type: 'activate'; readonly model: string; readonly restores?: number | undefined },
      Activation
    >;

/** The keeper of the model in use. */
export const modelKeeperName = new ActorName<ModelKeeperMessage>('models');

/** What the model keeper works with. */
export interface ModelKeeperArgument {
  readonly activations: Activations;
  readonly registry: ModelRegistry;
  readonly library: ModelLibrary;
  readonly models: ActiveModel;
  readonly extractors: readonly ExtractorReference[];
  readonly metrics: Metrics;
  readonly log: Log;
}

interface ModelKeeperState extends ModelKeeperArgument {
  readonly unwatch: () => void;
}

/** Until a model is asked for again that could not be had. */
const againMs = 5_000;

/**
 * Follows the activations and puts each model in place: fetched, verified, then swapped in one step. Photos in a thread
 * finish on theirs; the old buffer goes when nobody holds it.
 */
export const modelKeeper: Behaviour<ModelKeeperState, ModelKeeperMessage, ModelKeeperArgument> = {
  kind: 'models',
  init: async (argument, context) => {
    await tidy(argument);
    await placeFirst(argument);
    const unwatch = await argument.activations.watch((activation) => {
      context.self.cast({ type: 'activated', activation });
    });
    return { ...argument, unwatch };
  },
  receive: async (state, message, context) => {
    if (message.type === 'activated') await follow(state, message.activation, context);
    else await activate(state, message);
    return state;
  },
  terminate: ({ unwatch }) => {
    unwatch();
  },
  describe: ({ models: { current, refused } }) => ({
    model: current.handle.id,
    activation: current.handle.activation,
    ...(refused === undefined ? {} : { refused }),
  }),
};

/** Sees to it that the registry has the starter model, and nothing that was left half-written. */
async function tidy({ registry, library, log }: ModelKeeperArgument): Promise<void> {
  try {
    await registry.sweep();
    const { id, header } = await library.starter();
    if (await registry.has(id)) return;
    await registry.publish({ file: library.starterFile, metadata: metadataOf(header, { kind: 'starter' }) });
  } catch (error) {
    // A node tags photos without that.
    log.warn({ fault: Fault.from(error).toWire() }, 'the registry of models was not put in order');
  }
}

/**
 * Puts the model of the last activation in place, or of the last before it that can be used here, so that photos are
 * tagged; the last one is tried again.
 */
async function placeFirst(argument: ModelKeeperArgument): Promise<void> {
  const { activations, library, models } = argument;
  const current = (await activations.current()) ?? (await activations.activate((await library.starter()).id));
  try {
    await place(argument, current);
  } catch (error) {
    const before = (await activations.history()).filter(({ number }) => number < current.number);
    refuse(argument, current, error);
    for (const activation of before.reverse()) {
      if (models.isOver(0)) return;
      await place(argument, activation).catch((reason: unknown) => {
        refuse(argument, activation, reason);
      });
    }
    if (!models.isOver(0)) throw error;
  }
}

/** Checks the model here before any node is told to use it. */
async function activate(
  state: ModelKeeperState,
  { model, restores, reply }: Extract<ModelKeeperMessage, { type: 'activate' }>,
): Promise<void> {
  try {
    const loaded = await load(state, model);
    const activation = await state.activations.activate(model, restores);
    use(state, loaded, activation);
    reply.ok(activation);
  } catch (error) {
    reply.fail(Fault.from(error));
  }
}

/** A model that this node lacks or cannot use leaves the one before it in place. */
async function follow(
  state: ModelKeeperState,
  activation: Activation,
  context: Context<ModelKeeperMessage>,
): Promise<void> {
  try {
    await place(state, activation);
  } catch (error) {
    refuse(state, activation, error);
    if (mayBeHadLater(Fault.from(error))) context.after(againMs, { type: 'activated', activation });
  }
}

/** Notes that a model cannot be used here; says so once for each kind of reason. */
function refuse({ models, log }: ModelKeeperArgument, activation: Activation, error: unknown): void {
  const fault = Fault.from(error);
  const { number, model } = activation;
  const refused = { activation: number, model, code: fault.code, reason: fault.message };
  const { refused: before } = models;
  models.refuse(refused);
  if (before?.activation === number && before.code === fault.code) return;
  log.error({ fault: fault.toWire(), activation }, 'the activated model cannot be used here');
}

/** The registry, the disk, the way between may be better later; the model is what it is. */
function mayBeHadLater({ code }: Fault): boolean {
  return code !== 'MODEL_EXTRACTOR' && code !== 'MODEL_FORMAT';
}

/** Loads the model of an activation and puts it in use, unless that or a later one is already. */
async function place(argument: ModelKeeperArgument, activation: Activation): Promise<void> {
  if (argument.models.isOver(activation.number)) return;
  use(argument, await load(argument, activation.model), activation);
}

interface LoadedModel {
  readonly model: QuantisedModel;
  readonly loadMs: number;
}

/** Reads, verifies and quantises a model that this node has the extractors of. */
async function load({ library, extractors }: ModelKeeperArgument, id: string): Promise<LoadedModel> {
  const started = performance.now();
  const read = await library.find(id);
  checkExtractors(read.header, extractors);
  const model = await quantiseModel(read);
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
