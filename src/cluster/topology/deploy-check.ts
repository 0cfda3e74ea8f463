import { Fault } from '../../base/errors.ts';
import type { Component, TopologySpec } from '../../transport/topology-spec.ts';
import { checkTopology } from './topology-check.ts';

/**
 * Checks that nodes can run a topology: it is a built-in one, with bolts of users between or beside its own.
 *
 * @param builtins - what every node knows
 * @throws Fault `TOPOLOGY_INVALID` that says what does not fit
 */
export function checkDeployable(given: unknown, builtins: readonly TopologySpec[]): TopologySpec {
  const spec = checkTopology(given);
  const builtin = builtins.find(({ name }) => name === spec.name);
  const problem = builtin === undefined ? nameProblem(spec, builtins) : fitProblem(spec, builtin);
  if (problem !== undefined)
    throw new Fault('TOPOLOGY_INVALID', { name: JSON.stringify(spec.name), reason: problem });
  return spec;
}

/** Whose spouts nodes do not have. */
function nameProblem({ components }: TopologySpec, builtins: readonly TopologySpec[]): string {
  const spout = components.find(({ kind }) => kind === 'spout')?.name ?? '';
  const possible = builtins.map(({ name }) => `topology('${name}')`).join(' or ');
  return `no node has its spout ${spout}; bolts of users go into a topology that nodes know, so begin it with ${possible}`;
}

function fitProblem(spec: TopologySpec, builtin: TopologySpec): string | undefined {
  for (const own of builtin.components) {
    const problem = ownProblem(own, spec, builtin);
    if (problem !== undefined) return problem;
  }
  for (const component of spec.components) {
    const isOwn = builtin.components.some(({ name }) => name === component.name);
    const problem = groupingProblem(component) ?? (isOwn ? undefined : userProblem(component, spec, builtin));
    if (problem !== undefined) return problem;
  }
  const hasPrograms = spec.components.some(({ program }) => program !== undefined);
  if (hasPrograms && spec.bundle === undefined)
    return 'its bolts have programs, but it has no bundle of them';
  if (!hasPrograms && spec.bundle !== undefined) return 'it has a bundle, but no bolt with a program';
  return undefined;
}

/** A component that nodes know is as they know it; only those before it may be others, where bolts feed it. */
function ownProblem(own: Component, spec: TopologySpec, builtin: TopologySpec): string | undefined {
  const { name, kind, parallelism, placement, inputs } = own;
  const found = spec.components.find((component) => component.name === name);
  if (found === undefined) return `its ${kind} ${name} is missing, which each node has to have`;
  if (found.program !== undefined)
    return `${name} is a ${kind} that nodes have, and cannot have a program; call yours something else`;
  if (found.kind !== kind) return `${name} has to be a ${kind}`;
  if (found.parallelism !== parallelism || found.placement !== placement)
    return `${name} has to have the parallelism ${String(parallelism)} and the placement ${placement}; \`cluster rebalance\` gives it fewer tasks`;
  const isFirst = inputs.some(({ from }) => kindOf(builtin, from) === 'spout');
  if (isFirst && JSON.stringify(found.inputs) !== JSON.stringify(inputs))
    return `${name} has to be fed by ${namesOf(inputs)} alone, with the grouping ${groupingsOf(inputs)}`;
  const missing = inputs.find(({ from }) => !upstreamOf(found, spec).has(from));
  if (missing !== undefined) return `${name} has to come after ${missing.from}, directly or not`;
  const [wanted] = inputs;
  if (wanted !== undefined && found.inputs.some(({ grouping }) => grouping.type !== wanted.grouping.type))
    return `${name} has to have the grouping ${wanted.grouping.type}`;
  return undefined;
}

/** A bolt of a user comes after a bolt that nodes have, and before or beside the last one. */
function userProblem(component: Component, spec: TopologySpec, builtin: TopologySpec): string | undefined {
  const { name, kind, inputs, program } = component;
  if (program === undefined)
    return `no node knows its ${kind} ${name}, which has no program; they know ${namesOf(builtin.components.map((own) => ({ from: own.name })))}`;
  const spout = inputs.find(({ from }) => kindOf(spec, from) === 'spout');
  if (spout !== undefined) {
    const first = builtin.components.find((own) => own.inputs.some(({ from }) => from === spout.from));
    return `the bolt ${name} is fed by the spout ${spout.from}; put it after ${first?.name ?? 'a bolt'}`;
  }
  const last = builtin.components.find(
    (own) => isLast(own, builtin) && upstreamOf(component, spec).has(own.name),
  );
  return last === undefined
    ? undefined
    : `the bolt ${name} comes after ${last.name}, which gives nothing on; put it before or beside that`;
}

/** The tuples of all its sources are put together before it is chosen who gets them. */
function groupingProblem({ name, inputs }: Component): string | undefined {
  const groupings = new Set(inputs.map(({ grouping }) => JSON.stringify(grouping)));
  return groupings.size > 1
    ? `the bolt ${name} has several sources with different groupings; give all of them the same`
    : undefined;
}

/** Names of all that come before a component. */
function upstreamOf(component: Component, { components }: TopologySpec): ReadonlySet<string> {
  const found = new Set<string>();
  const add = ({ inputs }: Component): void => {
    for (const { from } of inputs) {
      if (found.has(from)) continue;
      found.add(from);
      const source = components.find(({ name }) => name === from);
      if (source !== undefined) add(source);
    }
  };
  add(component);
  return found;
}

function isLast({ name }: Component, { components }: TopologySpec): boolean {
  return !components.some(({ inputs }) => inputs.some(({ from }) => from === name));
}

function kindOf({ components }: TopologySpec, name: string): Component['kind'] | undefined {
  return components.find((component) => component.name === name)?.kind;
}

function namesOf(inputs: readonly { readonly from: string }[]): string {
  return inputs.map(({ from }) => from).join(', ');
}

function groupingsOf(inputs: Component['inputs']): string {
  return inputs.map(({ grouping }) => grouping.type).join(', ');
}
