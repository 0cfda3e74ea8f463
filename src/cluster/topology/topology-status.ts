import type { TopologyStatus } from '../../transport/payloads.ts';
import type {
  AssignedTask,
  AssignmentRecord,
  NodeReport,
  ReportedTask,
  TopologyRecord,
} from '../../transport/topology-record.ts';
import { revisionOf, type Component } from '../../transport/topology-spec.ts';

/** Tasks of a component that are told of with their faults, at most. */
const faultsShown = 20;

/** A task, and the node that reports it. */
interface TaskOfNode {
  readonly node: string;
  readonly task: ReportedTask;
}

/** A topology as it is told to be. */
export function stateOf({ name, state, version }: TopologyRecord) {
  return { name, status: state === 'killed' ? ('killing' as const) : state, version };
}

/**
 * How a topology does.
 * @param reports - of the nodes that are alive
 * @param now - ms since the epoch
 */
export function statusOf(
  topology: TopologyRecord,
  assignment: AssignmentRecord | undefined,
  reports: readonly NodeReport[],
  now: number,
): TopologyStatus {
  const tasks = assignment?.id === topology.id ? assignment.tasks : [];
  const reported = reportedTasks(topology, reports);
  const { bundle } = topology.spec;
  const components = topology.spec.components.map((component) =>
    componentStatus(component, component.program && revisionOf(component, bundle), tasks, reported),
  );
  return {
    ...stateOf(topology),
    ...(bundle !== undefined && { bundle: bundle.id }),
    canRollBack: topology.previous !== undefined,
    settled: assignment?.version === topology.version && isSettled(topology, components, tasks, reports),
    tasks: {
      wanted: sum(components.map((one) => one.tasks.wanted)),
      placed: sum(components.map((one) => one.tasks.placed)),
      running: sum(components.map((one) => one.tasks.running)),
    },
    nodes: new Set(components.flatMap(({ nodes }) => nodes.map(({ node }) => node))).size,
    ...(topology.nodes !== undefined && { maxNodes: topology.nodes }),
    uptimeMs: Math.max(0, now - topology.createdAt),
    components,
  };
}

/** Whether every task that was placed for this version runs as it says, on nodes that act on it. */
function isSettled(
  { name, id, version, state }: TopologyRecord,
  components: TopologyStatus['components'],
  tasks: readonly AssignedTask[],
  reports: readonly NodeReport[],
): boolean {
  const acting = components.filter(({ kind }) => kind === 'bolt' || state === 'active');
  const isWhole = acting.every(
    ({ tasks: { wanted, running }, outdated }) => wanted > 0 && running === wanted && outdated === 0,
  );
  const nodes = new Set(tasks.flatMap(({ node }) => node ?? []));
  const knowing = reports.filter(({ node, topologies }) =>
    topologies.some(
      (one) => nodes.has(node) && one.name === name && one.id === id && one.version === version,
    ),
  );
  return isWhole && knowing.length === nodes.size;
}

/** @param revision - of a user's bolt */
function componentStatus(
  { name, kind }: Component,
  revision: string | undefined,
  tasks: readonly AssignedTask[],
  reported: readonly TaskOfNode[],
): TopologyStatus['components'][number] {
  const wanted = tasks.filter(({ component }) => component === name);
  const nodes = wanted.map(({ node }) => node).filter((node) => node !== null);
  const here = reported.filter(({ task }) => task.component === name);
  const running = here.filter(({ task }) => task.state === 'running' || task.state === 'draining');
  const current = running.filter(({ task }) => task.revision === revision);
  return {
    name,
    kind,
    tasks: {
      wanted: wanted.length,
      placed: nodes.length,
      running: current.length,
    },
    outdated: running.length - current.length,
    nodes: [...new Set(nodes)].sort().map((node) => ({
      node,
      tasks: nodes.filter((other) => other === node).length,
    })),
    failed: here
      .filter(({ task }) => task.state === 'failed')
      .slice(0, faultsShown)
      .map(faultOf),
    restarted: running
      .filter(({ task }) => task.restarts !== undefined)
      .slice(0, faultsShown)
      .map((one) => ({ ...faultOf(one), restarts: one.task.restarts ?? 0 })),
  };
}

function faultOf({ node, task: { index, fault } }: TaskOfNode) {
  return { node, index, code: fault?.code ?? 'INTERNAL', message: fault?.message ?? '' };
}

function reportedTasks({ name, id }: TopologyRecord, reports: readonly NodeReport[]): readonly TaskOfNode[] {
  return reports.flatMap(({ node, topologies }) =>
    topologies
      .filter((topology) => topology.name === name && topology.id === id)
      .flatMap(({ tasks }) => tasks.map((task) => ({ node, task }))),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
