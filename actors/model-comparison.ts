import { Fault } from '../src/base/errors.ts';
import { checkEvaluation, type Evaluation } from '../src/train/evaluation.ts';
import { diffModels, isWorse, type Comparison, type ModelDiff } from '../src/train/model-diff.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';

/** How well each class of a model does. */
type Judged = Pick<Evaluation, 'classes'>;

/** Compares models by their stored evaluations. */
export class ModelComparison {
  readonly #registry: ModelRegistry;

  constructor(registry: ModelRegistry) {
    this.#registry = registry;
  }

  /**
   * Which classes gained and lost from one model to the other.
   * @throws Fault `NOT_FOUND` (no such model, or it was not evaluated), `OBJECT_DAMAGED`, `NATS_UNREACHABLE`
   */
  async diff(before: string, after: string): Promise<ModelDiff> {
    return diffModels(await this.#evaluated(before), await this.#evaluated(after));
  }

  /**
   * Whether a model does worse than the active one by more than `margin` of mean average precision. What was not evaluated
   * is not worse.
   * @throws Fault `NOT_FOUND` (no such model), `OBJECT_DAMAGED`, `NATS_UNREACHABLE`
   */
  async judge(candidate: string, active: string, margin: number): Promise<Comparison> {
    const [left, right] = [await this.#evaluation(candidate), await this.#evaluation(active)];
    return left === undefined || right === undefined
      ? { worse: false, reason: 'One of the models was not evaluated.' }
      : isWorse(left, right, margin);
  }

  async #evaluated(id: string): Promise<Judged> {
    const evaluation = await this.#evaluation(id);
    if (evaluation === undefined) throw new Fault('NOT_FOUND', { what: 'evaluation of the model', id });
    return evaluation;
  }

  /** A composed model's classes do as well as in the models that it was made of. */
  async #evaluation(id: string): Promise<Judged | undefined> {
    // One that was removed since.
    if (!(await this.#registry.has(id))) return undefined;
    const own = await this.#registry.document(id, 'evaluation');
    if (own !== undefined) return evaluationOf(id, own);
    const { kind, parents } = await this.#registry.find(id);
    if (kind !== 'composed') return undefined;
    const classes = new Map<string, Evaluation['classes'][number]>();
    // In their order: a class of two models is that of the earlier.
    for (const parent of parents)
      for (const judged of (await this.#evaluation(parent))?.classes ?? [])
        if (!classes.has(judged.name)) classes.set(judged.name, judged);
    return classes.size === 0 ? undefined : { classes: [...classes.values()] };
  }
}

function evaluationOf(id: string, json: Uint8Array): Evaluation {
  const evaluation = checkEvaluation(parsed(json));
  if (typeof evaluation !== 'string') return evaluation;
  throw new Fault('OBJECT_DAMAGED', { name: `evaluation of ${id}`, reason: evaluation });
}

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}
