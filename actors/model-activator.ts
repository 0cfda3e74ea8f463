import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../src/base/errors.ts';
import { randomId } from '../src/base/ids.ts';
import { composeModels, type DroppedClass } from '../src/model/model-composition.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import type { ActorRef } from '../src/runtime/index.ts';
import { activationBefore, type Activation, type Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { ModelRecord } from '../src/transport/payloads.ts';
import type { ModelComparison } from './model-comparison.ts';
import type { ModelKeeperMessage } from './model-keeper.ts';
import { metadataOf } from './model-metadata.ts';

/** What activations are made with. */
export interface ModelActivatorOptions {
  readonly activations: Activations;
  readonly registry: ModelRegistry;
  readonly library: ModelLibrary;
  readonly comparison: ModelComparison;
  readonly keeper: ActorRef<ModelKeeperMessage>;
  /** For models that are being made. */
  readonly folder: string;
}

/** Which models to put in use. */
export interface ActivationWish {
  /** Ids, or enough of their beginnings; several are put side by side. */
  readonly models: readonly string[];
  /** Whatever the evaluations say. */
  readonly force: boolean;
  /** How much worse than the model in use it may be, in points of mAP. */
  readonly margin: number;
}

/** Fetching and reading a large model takes its time. */
const loadTimeoutMs = 300_000;

/** Puts models of the registry in use, on every node. */
export class ModelActivator {
  readonly #options: ModelActivatorOptions;

  constructor(options: ModelActivatorOptions) {
    this.#options = options;
  }

  /**
   * Puts a model in use, or several side by side.
   * @throws Fault `NOT_FOUND`, `REQUEST_INVALID` (an id that is none or of several models), `MODEL_WORSE`,
   * `MODEL_EXTRACTOR`, `MODEL_FORMAT`, `MODEL_DAMAGED`, `DISK_RESERVE`, `NATS_UNREACHABLE`
   */
  async activate(
    wish: ActivationWish,
  ): Promise<{ activation: Activation; dropped: readonly DroppedClass[] }> {
    const records: ModelRecord[] = [];
    for (const prefix of wish.models) records.push(await this.#options.registry.find(prefix));
    const { id, dropped } = await this.#one(records.map((record) => record.id));
    if (!wish.force) await this.#refuseWorse(id, wish.margin);
    return { activation: await this.#use(id), dropped };
  }

  /**
   * Puts the model of the activation before in use again.
   * @throws Fault `NOT_FOUND` (there was none before, or its model is gone), and what {@link activate} throws
   */
  async rollback(): Promise<Activation> {
    const before = activationBefore(await this.#options.activations.history());
    return await this.#use(before.model, before.number);
  }

  #use(model: string, restores?: number): Promise<Activation> {
    return this.#options.keeper.call({ type: 'activate', model, restores }, loadTimeoutMs);
  }

  /** The one model that several are together; composed once. */
  async #one(ids: readonly string[]): Promise<{ id: string; dropped: readonly DroppedClass[] }> {
    const { library, registry, folder } = this.#options;
    const [only, ...more] = ids;
    if (only !== undefined && more.length === 0) return { id: only, dropped: [] };
    const models = [];
    for (const id of ids) models.push(await library.find(id));
    const file = join(folder, `${randomId()}.model`);
    try {
      const { id, header, dropped } = await composeModels(file, models);
      const metadata = metadataOf(header, { kind: 'composed', parents: [...ids] });
      await registry.publish({ file, metadata });
      await library.adopt(file, id);
      return { id, dropped };
    } finally {
      await rm(file, { force: true });
    }
  }

  async #refuseWorse(id: string, margin: number): Promise<void> {
    const { activations, comparison } = this.#options;
    const inUse = await activations.current();
    if (inUse === undefined || inUse.model === id) return;
    const { worse, reason } = await comparison.judge(id, inUse.model, margin / 100);
    if (worse) throw new Fault('MODEL_WORSE', { reason });
  }
}
