import type { AssignedTask } from '../../transport/topology-record.ts';
import type { DesiredState } from '../../transport/topology-records.ts';
import type { BoltProgram, Component, Grouping, TopologySpec } from '../../transport/topology-spec.ts';

/** A task of a user's bolt, and the node that has it. */
export interface PlacedTask {
  readonly index: number;
  readonly node: string;
}

/** A user's bolt as tuples meet it. */
export interface PlannedBolt {
  readonly component: string;
  readonly program: BoltProgram;
  readonly groupings: readonly Grouping[];
  /** Users' bolts that it comes after, next to it or not, in their order: it is given what they have added. */
  readonly after: readonly string[];
  readonly tasks: readonly PlacedTask[];
}

/** The way of a tuple through users' bolts. */
export interface BoltPlan {
  readonly topology: string;
  /** Each after all that it comes after. */
  readonly bolts: readonly PlannedBolt[];
  /** Users' bolts whose output is kept: those that lead to the last component. */
  readonly kept: readonly string[];
  /** Nodes that have tasks of the topology, whichever. */
  readonly nodes: number;
}

/**
 * The way through the users' bolts of a topology as it is wanted; `undefined` if there is none of this name.
 * @param last - as of {@link planOf}
 */
export function wantedPlan(
  { topologies, assignments }: DesiredState,
  name: string,
  last: string,
): BoltPlan | undefined {
  const record = topologies.get(name);
  const assignment = assignments.get(name);
  return record && planOf(record.spec, assignment?.id === record.id ? assignment.tasks : [], last);
}

/**
 * The way through the users' bolts of a topology.
 * @param last - the component that keeps what bolts have found; what does not lead there is done for its own sake
 */
export function planOf(spec: TopologySpec, tasks: readonly AssignedTask[], last: string): BoltPlan {
  const downstream = withTheStream(spec.components);
  const ancestors = ancestorsOf(downstream);
  const before = (name: string) =>
    downstream
      .filter((one) => one.program !== undefined && ancestors.get(name)?.has(one.name) === true)
      .map((one) => one.name);
  return {
    topology: spec.name,
    bolts: downstream.flatMap(({ name, program, inputs }) => {
      if (program === undefined) return [];
      const groupings = inputs.map(({ grouping }) => grouping);
      return [{ component: name, program, groupings, after: before(name), tasks: placed(tasks, name) }];
    }),
    kept: before(last),
    nodes: new Set(tasks.flatMap(({ node }) => node ?? [])).size,
  };
}

/** Whether a bolt is given the bytes of photos. */
export function readsPhotos({ bolts }: BoltPlan): boolean {
  return bolts.some(({ program }) => program.reads === 'photo');
}

/** Each component after all that feed it; else in the order in which they are written. */
function withTheStream(components: readonly Component[]): readonly Component[] {
  const ordered = new Map<string, Component>();
  for (;;) {
    const next = components.find(
      ({ name, inputs }) => !ordered.has(name) && inputs.every(({ from }) => ordered.has(from)),
    );
    if (next === undefined) return [...ordered.values()];
    ordered.set(next.name, next);
  }
}

/** All that a tuple has met before it comes to a component, by its name. */
function ancestorsOf(downstream: readonly Component[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ancestors = new Map<string, Set<string>>();
  for (const { name, inputs } of downstream) {
    const met = inputs.flatMap(({ from }) => [from, ...(ancestors.get(from) ?? [])]);
    ancestors.set(name, new Set(met));
  }
  return ancestors;
}

function placed(tasks: readonly AssignedTask[], component: string): readonly PlacedTask[] {
  return tasks.flatMap(({ component: of, index, node }) =>
    of === component && node !== null ? [{ index, node }] : [],
  );
}
