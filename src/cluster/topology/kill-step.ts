import type { AssignmentRecord, NodeReport, TopologyRecord } from '../../transport/topology-record.ts';

/**
 * What is next for a topology that is being killed: `wait` until its nodes have done what was wanted last; `end` its tasks,
 * since its spouts have ended; it is `gone`, since all have.
 *
 * A node that is not alive has no tasks any more, whatever it has said.
 */
export function killStep(
  topology: Pick<TopologyRecord, 'name' | 'id' | 'version'>,
  assignment: AssignmentRecord | undefined,
  reports: ReadonlyMap<string, NodeReport>,
  live: readonly string[],
): 'wait' | 'end' | 'gone' {
  const said = live.map((node) => ({ node, report: reportOf(topology, reports.get(node)) }));
  const assigned = new Set(assignment?.id === topology.id ? assignment.tasks.map(({ node }) => node) : []);
  if (assigned.size === 0)
    return said.every(({ report }) => (report?.tasks.length ?? 0) === 0) ? 'gone' : 'wait';
  const isDrained = said.every(({ node, report }) =>
    report === undefined
      ? !assigned.has(node)
      : report.version >= topology.version && report.tasks.every(({ kind }) => kind === 'bolt'),
  );
  return isDrained ? 'end' : 'wait';
}

function reportOf({ name, id }: Pick<TopologyRecord, 'name' | 'id'>, report: NodeReport | undefined) {
  return report?.topologies.find((topology) => topology.name === name && topology.id === id);
}
