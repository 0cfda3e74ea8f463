import type { AssignedTask, TopologyRecord } from '../../transport/topology-record.ts';
import type { Component } from '../../transport/topology-spec.ts';
import { evenShares, type Bin } from './even-shares.ts';
import type { LiveNode } from './live-node.ts';

/** A topology whose tasks are to be placed. */
export type DesiredTopology = Pick<TopologyRecord, 'name' | 'spec' | 'nodes' | 'parallelism'>;

/** Tasks by topology. */
export type Assignment = ReadonlyMap<string, readonly AssignedTask[]>;

/**
 * Places the tasks of topologies on nodes.
 *
 * Each component is spread as evenly as limits allow over the nodes that its topology may be on, and no task moves that need
 * not: so a node that joins takes from the others what is more than its share, and one that leaves gives what it had.
 * What no node can have stays without. The same input gives the same answer, in whatever order it comes.
 *
 * @param before - where tasks are now; other components, and nodes that are gone, count for nothing
 */
export function assign(
  topologies: readonly DesiredTopology[],
  nodes: readonly LiveNode[],
  before: Assignment,
): Assignment {
  const load = new Map<string, number>();
  const takers = byName(nodes.filter(({ takes }) => takes !== 'tasks'));
  const entries = byName(topologies).map((topology) => {
    const tasksBefore = before.get(topology.name) ?? [];
    const chosen = chooseNodes(topology, takers, tasksBefore, load);
    const tasks = topology.spec.components.flatMap((component) => {
      const placed = place(component, topology, chosen, { before: tasksBefore, load });
      for (const { node } of placed) if (node !== null) load.set(node, (load.get(node) ?? 0) + 1);
      return placed;
    });
    return [topology.name, tasks] as const;
  });
  return new Map(entries);
}

/**
 * The nodes that a topology may be on: of those with the store, if it needs that, then those that have most of its tasks, then
 * the least loaded, as many as it is limited to.
 */
function chooseNodes(
  { spec, nodes: limit }: DesiredTopology,
  nodes: readonly LiveNode[],
  before: readonly AssignedTask[],
  load: ReadonlyMap<string, number>,
): readonly LiveNode[] {
  if (limit === undefined) return nodes;
  const needsStore = spec.components.some(({ placement }) => placement === 'store');
  const rank = ({ name, holdsStore }: LiveNode) => [
    needsStore && holdsStore ? 0 : 1,
    -before.filter(({ node }) => node === name).length,
    load.get(name) ?? 0,
  ];
  return [...nodes].sort((a, b) => compare(rank(a), rank(b)) || compareNames(a, b)).slice(0, limit);
}

function place(
  component: Component,
  { parallelism }: DesiredTopology,
  nodes: readonly LiveNode[],
  { before, load }: { readonly before: readonly AssignedTask[]; readonly load: ReadonlyMap<string, number> },
): AssignedTask[] {
  const usable = nodes.filter(({ holdsStore }) => component.placement === 'anywhere' || holdsStore);
  const present = before.filter((task) => task.component === component.name && task.node !== null);
  const bins = usable.map((node): Bin => {
    const current = present.filter((task) => task.node === node.name).length;
    return { name: node.name, limit: limitOf(component, node), current, load: load.get(node.name) ?? 0 };
  });
  const tasks = parallelism[component.name] ?? taskCount(component, bins);
  return settle(component.name, tasks, evenShares(tasks, bins), present);
}

/** Keeps what may stay where it is, then gives free numbers to the rest. */
function settle(
  component: string,
  tasks: number,
  shares: ReadonlyMap<string, number>,
  present: readonly AssignedTask[],
): AssignedTask[] {
  const kept = [...shares].flatMap(([node, share]) =>
    present
      .filter((task) => task.node === node)
      .sort((a, b) => a.index - b.index)
      .slice(0, share),
  );
  const indexes = freeIndexes(kept);
  const placed = [...shares].flatMap(([node, share]) => {
    const missing = share - kept.filter((task) => task.node === node).length;
    return Array.from({ length: missing }, () => ({ component, index: indexes(), node }));
  });
  const left = Array.from({ length: tasks - kept.length - placed.length }, () => ({
    component,
    index: indexes(),
    node: null,
  }));
  return [...kept, ...placed, ...left].sort((a, b) => a.index - b.index);
}

/** Gives the lowest number that is not taken, then the next. */
function freeIndexes(taken: readonly AssignedTask[]): () => number {
  const used = new Set(taken.map(({ index }) => index));
  let next = 0;
  return () => {
    while (used.has(next)) next += 1;
    return next++;
  };
}

/** What a component that wants one a thread, or one a node, may have on a node, also when a rebalance gave it a number. */
function limitOf({ parallelism }: Component, { threads }: LiveNode): number {
  if (parallelism === 'threads') return threads;
  return parallelism === 'nodes' ? 1 : Infinity;
}

function taskCount({ parallelism }: Component, bins: readonly Bin[]): number {
  return typeof parallelism === 'number' ? parallelism : bins.reduce((sum, { limit }) => sum + limit, 0);
}

function byName<T extends { readonly name: string }>(things: readonly T[]): readonly T[] {
  return [...things].sort(compareNames);
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((value, place) => value !== b[place]);
  return differing === -1 ? 0 : (a[differing] ?? 0) - (b[differing] ?? 0);
}
