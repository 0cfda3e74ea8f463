import { Fault } from '../base/errors.ts';
import { topologyRecord, type Origin, type TopologyRecord } from './topology-record.ts';
import { fixedTasks, maxParallelism, maxTasks, topologySpec, type TopologySpec } from './topology-spec.ts';

/** What a rebalance changes; the rest stays. */
export interface Rebalance {
  /** Nodes that its tasks may be on, at most. */
  readonly nodes?: number | undefined;
  /** Tasks by component. */
  readonly parallelism?: Readonly<Record<string, number>> | undefined;
}

/**
 * A topology that is not being killed.
 * @throws Fault `TOPOLOGY_ENDING`
 */
export function lasting(record: TopologyRecord): TopologyRecord {
  if (record.state === 'killing') throw new Fault('TOPOLOGY_ENDING', { name: record.name });
  return record;
}

/**
 * The same topology with another spec, whose components stay as they were rebalanced.
 * @throws Fault `REQUEST_INVALID` for too many tasks
 */
export function upgraded(record: TopologyRecord, spec: TopologySpec, origin: Origin): TopologyRecord {
  const kept = Object.entries(record.parallelism).filter(([name]) =>
    spec.components.some((component) => component.name === name),
  );
  const parallelism = Object.fromEntries(kept);
  checkTasks(spec, parallelism);
  return { ...record, spec, origin, previous: { spec: record.spec, origin: record.origin }, parallelism };
}

/**
 * The topology as it was before the last deploy or rollback.
 * @throws Fault `REQUEST_INVALID` if it has been one thing only
 */
export function rolledBack(record: TopologyRecord): TopologyRecord {
  const { name, previous } = record;
  if (previous === undefined) throw invalid(`${name} has been deployed once, so nothing was before`);
  return upgraded(record, previous.spec, previous.origin);
}

/**
 * The topology with other numbers of nodes and tasks.
 * @throws Fault `REQUEST_INVALID`
 */
export function rebalanced(record: TopologyRecord, { nodes, parallelism = {} }: Rebalance): TopologyRecord {
  checkRebalance(record.spec, { nodes, parallelism });
  const tasks = { ...record.parallelism, ...parallelism };
  checkTasks(record.spec, tasks);
  return { ...record, nodes: nodes ?? record.nodes, parallelism: tasks };
}

/** The ids of the bundles that topologies have, or can be brought back to; those that were killed have none. */
export function bundlesOf(topologies: Iterable<TopologyRecord>): ReadonlySet<string> {
  const specs = [...topologies]
    .filter(({ state }) => state !== 'killed')
    .flatMap(({ spec, previous }) => [spec, previous?.spec]);
  return new Set(specs.flatMap((spec) => spec?.bundle?.id ?? []));
}

/** Whether a change changes nothing. */
export function isSame(one: TopologyRecord, other: TopologyRecord): boolean {
  return JSON.stringify(topologyRecord.parse(one)) === JSON.stringify(topologyRecord.parse(other));
}

/** Whether two specs say the same. */
export function isSameSpec(one: TopologySpec, other: TopologySpec): boolean {
  return JSON.stringify(topologySpec.parse(one)) === JSON.stringify(topologySpec.parse(other));
}

function checkRebalance({ name, components }: TopologySpec, { nodes, parallelism = {} }: Rebalance): void {
  if (nodes !== undefined && !(Number.isInteger(nodes) && nodes >= 1))
    throw invalid(
      `${name} cannot be on ${String(nodes)} nodes; give 1 or more, or \`cluster deactivate\` it`,
    );
  for (const [component, tasks] of Object.entries(parallelism)) {
    if (!components.some((one) => one.name === component))
      throw invalid(
        `${name} has no component ${component}; it has ${components.map((one) => one.name).join(', ')}`,
      );
    if (!(Number.isInteger(tasks) && tasks >= 1 && tasks <= maxParallelism))
      throw invalid(`${component} cannot have ${String(tasks)} tasks; give 1 to ${String(maxParallelism)}`);
  }
}

function checkTasks({ name, components }: TopologySpec, rebalanced: Readonly<Record<string, number>>): void {
  const total = fixedTasks(components, rebalanced);
  if (total > maxTasks)
    throw invalid(`${name} would have ${String(total)} tasks; give it ${String(maxTasks)} at most`);
}

function invalid(reason: string): Fault {
  return new Fault('REQUEST_INVALID', { reason });
}
