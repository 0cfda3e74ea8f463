import { z } from 'zod';
import { Fault } from '../src/base/errors.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { ReplyOf } from '../src/transport/requests.ts';

/** What is read of an evaluation: how well each class did. */
const evaluationSchema = z.object({
  classes: z.array(z.object({ name: z.string(), averagePrecision: z.number().nullable() })),
});

/** Average precision of each class, `undefined` where it could not be judged. */
type ClassPrecisions = ReadonlyMap<string, number | undefined>;

/** How a model does against another one. */
export type ModelChange = Omit<ReplyOf<'modelDiff'>, 'before' | 'after'>;

/** Compares models by their stored evaluations. */
export class ModelComparison {
  readonly #registry: ModelRegistry;

  constructor(registry: ModelRegistry) {
    this.#registry = registry;
  }

  /**
   * How well the classes of a model do; a composed model's are those of the models that it was made of.
   * @returns `undefined` if it was not evaluated
   * @throws Fault `NOT_FOUND` (no such model), `OBJECT_DAMAGED`, `NATS_UNREACHABLE`
   */
  async evaluation(id: string): Promise<ClassPrecisions | undefined> {
    const { kind, parents } = await this.#registry.find(id);
    const own = await this.#registry.document(id, 'evaluation');
    if (own !== undefined) return precisionsOf(id, own);
    if (kind !== 'composed') return undefined;
    const all = new Map<string, number | undefined>();
    // In their order: a class of two models is that of the earlier.
    for (const parent of parents)
      for (const [name, precision] of (await this.#ofParent(parent)) ?? [])
        if (!all.has(name)) all.set(name, precision);
    return all.size === 0 ? undefined : all;
  }

  /**
   * Which classes gained and lost from one model to the other.
   * @returns `undefined` if no class of both was judged in both
   * @throws Fault like {@link evaluation}
   */
  async compare(before: string, after: string): Promise<ModelChange | undefined> {
    const [left, right] = [await this.evaluation(before), await this.evaluation(after)];
    if (left === undefined || right === undefined) return undefined;
    const changes = [...left].flatMap(([name, was]) => {
      const is = right.get(name);
      return was === undefined || is === undefined ? [] : [{ class: name, before: was, after: is }];
    });
    if (changes.length === 0) return undefined;
    changes.sort((one, other) => other.after - other.before - (one.after - one.before));
    return {
      meanBefore: mean(changes.map((change) => change.before)),
      meanAfter: mean(changes.map((change) => change.after)),
      changes,
      added: [...right.keys()].filter((name) => !left.has(name)),
      removed: [...left.keys()].filter((name) => !right.has(name)),
    };
  }

  /** A parent may have been removed since. */
  async #ofParent(id: string): Promise<ClassPrecisions | undefined> {
    return (await this.#registry.has(id)) ? await this.evaluation(id) : undefined;
  }
}

function precisionsOf(id: string, json: Uint8Array): ClassPrecisions {
  const { success, data } = evaluationSchema.safeParse(parsed(json));
  if (!success)
    throw new Fault('OBJECT_DAMAGED', { name: `evaluation of ${id}`, reason: 'it cannot be read' });
  return new Map(data.classes.map(({ name, averagePrecision }) => [name, averagePrecision ?? undefined]));
}

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
