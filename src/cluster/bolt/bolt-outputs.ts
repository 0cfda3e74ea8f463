import { attributesProblem } from '../../base/attributes.ts';
import { Fault } from '../../base/errors.ts';
import type { BoltOutput, BoltTuple } from '../../transport/bolt-tuple.ts';
import type { BoltPlan, PlannedBolt } from './bolt-plan.ts';

/** Has a bolt process a tuple; one output for each task that was asked. */
export type AskBolt = (bolt: PlannedBolt, tuple: BoltTuple) => Promise<readonly BoltOutput[]>;

/**
 * Takes a tuple through a plan, bolts that do not need each other at once; resolves when all are done, to what is kept.
 * What a bolt is given, and what is kept, depends on nobody's speed.
 * @throws Fault `BOLT_FAILED` if bolts add more than a photo may have together; whatever the first bolt that fails throws
 */
export async function throughBolts(plan: BoltPlan, tuple: BoltTuple, ask: AskBolt): Promise<BoltOutput> {
  const outputs = new Map<string, Promise<readonly BoltOutput[]>>();
  const addedBy = async (bolts: readonly string[]) => {
    const added = await Promise.all(bolts.map(async (bolt) => (await outputs.get(bolt)) ?? []));
    const sum = merged(added.flat());
    const problem = attributesProblem(sum.attributes ?? {});
    if (problem === undefined) return sum;
    throw new Fault('BOLT_FAILED', { bolt: bolts.join(', '), reason: `together they add ${problem}` });
  };
  for (const bolt of plan.bolts)
    outputs.set(
      bolt.component,
      addedBy(bolt.after).then((added) => ask(bolt, withOutput(tuple, added))),
    );
  await Promise.all(outputs.values());
  return addedBy(plan.kept);
}

/** Outputs as one; of the same name, the later attribute counts, and of tags the later ones. */
export function merged(outputs: readonly BoltOutput[]): BoltOutput {
  const tags = outputs.findLast((output) => output.tags !== undefined)?.tags;
  return {
    attributes: Object.assign({}, ...outputs.map((output) => output.attributes ?? {})) as Attributes,
    ...(tags === undefined ? {} : { tags: tags.toSorted((a, b) => b.score - a.score) }),
  };
}

/** A tuple and what a bolt has added. */
function withOutput(tuple: BoltTuple, { attributes, tags = tuple.tags }: BoltOutput): BoltTuple {
  return { ...tuple, tags, attributes: { ...tuple.attributes, ...attributes } };
}

/** A field of a tuple, for groupings: `id`, `file`, `model`, or an attribute. */
export function fieldOf(tuple: BoltTuple, name: string): string | number | undefined {
  if (name === 'id' || name === 'file' || name === 'model') return tuple[name];
  const value = Object.hasOwn(tuple.attributes, name) ? tuple.attributes[name] : undefined;
  return typeof value === 'boolean' ? String(value) : value;
}

type Attributes = NonNullable<BoltOutput['attributes']>;
