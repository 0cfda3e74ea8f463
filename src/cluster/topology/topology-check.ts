import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import {
  fixedTasks,
  maxParallelism,
  maxTasks,
  topologySpec,
  type Component,
  type TopologySpec,
} from '../../transport/topology-spec.ts';

/**
 * Checks that a topology makes sense, whoever wrote it.
 * @throws Fault `TOPOLOGY_INVALID` that says what does not fit
 */
export function checkTopology(given: unknown): TopologySpec {
  const parsed = topologySpec.safeParse(given);
  if (!parsed.success) throw invalid(given, shapeProblem(given, parsed.error.issues[0]));
  const problem = layoutProblem(parsed.data.components);
  if (problem !== undefined) throw invalid(given, problem);
  return parsed.data;
}

/**
 * The components against the stream: each after all that it feeds, spouts last. Started in this order, everyone finds
 * who comes after him.
 */
export function againstTheStream(components: readonly Component[]): readonly Component[] {
  const ordered: Component[] = [];
  const add = (component: Component): void => {
    if (ordered.includes(component)) return;
    for (const other of components) if (isFedBy(other, component.name)) add(other);
    ordered.push(component);
  };
  for (const component of components) if (component.kind === 'bolt') add(component);
  for (const component of components) add(component);
  return ordered;
}

function layoutProblem(components: readonly Component[]): string | undefined {
  const names = new Set<string>();
  for (const { name } of components) {
    if (names.has(name)) return `two of its components are called ${name}`;
    names.add(name);
  }
  const tasks = fixedTasks(components);
  if (tasks > maxTasks) return `it has ${String(tasks)} tasks altogether, more than ${String(maxTasks)}`;
  if (!components.some(({ kind }) => kind === 'spout')) return 'it has no spout, where tuples come from';
  for (const component of components) {
    const problem = inputProblem(component, names);
    if (problem !== undefined) return problem;
  }
  const circle = circleOf(components);
  return circle === undefined ? undefined : `its bolts feed each other in a circle: ${circle.join(' → ')}`;
}

function inputProblem(
  { name, kind, inputs, program }: Component,
  names: ReadonlySet<string>,
): string | undefined {
  if (kind === 'spout' && program !== undefined)
    return `the spout ${name} has a program, but only bolts have one`;
  if (kind === 'spout')
    return inputs.length === 0 ? undefined : `the spout ${name} has a grouping, but only bolts take tuples`;
  if (inputs.length === 0) return `nobody feeds the bolt ${name}; give it a grouping`;
  const sources = inputs.map(({ from }) => from);
  const unknown = sources.find((source) => !names.has(source));
  if (unknown !== undefined) return `the bolt ${name} is fed by ${unknown}, which is no component of it`;
  const twice = sources.find((source, place) => sources.indexOf(source) !== place);
  return twice === undefined ? undefined : `the bolt ${name} has two groupings of ${twice}`;
}

/** The names of components that feed each other, from one back to itself. */
function circleOf(components: readonly Component[]): readonly string[] | undefined {
  const done = new Set<string>();
  const follow = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of components.filter((component) => isFedBy(component, name))) {
      const circle = follow(next.name, [...path, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const { name } of components) {
    const circle = follow(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function isFedBy({ inputs }: Component, source: string): boolean {
  return inputs.some(({ from }) => from === source);
}

/** What does not fit the shape, in the words of the builder. */
function shapeProblem(given: unknown, issue: z.core.$ZodIssue | undefined): string {
  const [first, place, field] = issue?.path ?? [];
  const message = issue?.message ?? 'has a wrong shape';
  if (first === 'name') return `its name ${message}`;
  if (first !== 'components' || typeof place !== 'number') return 'it has no components, or more than 64';
  const name = named.safeParse(componentsOf.safeParse(given).data?.components[place]).data?.name ?? 'unnamed';
  if (field === 'name') return `the name of its component ${shown(name)} ${message}`;
  if (field === 'parallelism')
    return `the parallelism of ${shown(name)} has to be a whole number from 1 to ${String(maxParallelism)}, or threads or nodes`;
  if (field === 'program') {
    const setting = issue?.path.slice(3).join('.') ?? '';
    return `the program of ${shown(name)} is not right: ${setting}${setting && ': '}${lowered(message)}`;
  }
  return `its component ${shown(name)} has no ${String(field ?? 'shape')} that fits`;
}

const named = z.looseObject({ name: z.string() });
const componentsOf = z.looseObject({ components: z.array(z.unknown()) });

function invalid(given: unknown, reason: string): Fault {
  return new Fault('TOPOLOGY_INVALID', { name: shown(named.safeParse(given).data?.name ?? ''), reason });
}

/** Within a sentence. */
function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** A name that may be none, on one short line. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
