import { expect, test } from 'vitest';
import { shuffle, topology } from '../../../src/cluster/topology/builder.ts';
import { statusOf } from '../../../src/cluster/topology/topology-status.ts';
import type { AssignmentRecord, NodeReport, TopologyRecord } from '../../../src/transport/topology-record.ts';

const spec = topology('photos')
  .spout('photos')
  .bolt('dbwriter', { parallelism: 1, grouping: shuffle('photos') })
  .build();
const [name, id] = ['photos', 'x'];
const tasks = ['photos', 'dbwriter'].map((component) => ({ component, index: 0, node: 'n1' }));

function record(version: number): TopologyRecord {
  const times = { createdAt: 0, updatedAt: 0 };
  return { name, id, spec, version, state: 'active', origin: 'operator', parallelism: {}, ...times };
}

const assignment = (version: number): AssignmentRecord => ({ topology: name, id, version, term: 1, tasks });

function report(version: number): NodeReport {
  const running = tasks.map(({ component, index }) => ({
    ...{ component, index, state: 'running' as const, since: 0 },
    kind: component === 'photos' ? ('spout' as const) : ('bolt' as const),
  }));
  return { node: 'n1', topologies: [{ name, id, version, tasks: running }] };
}

test.each([
  ['its tasks were placed for this version, and the node acts on it', 2, 2, true],
  ['its tasks have not been placed for this version', 1, 2, false],
  ['the node does not act on this version yet', 2, 1, false],
])('a topology is settled if: %s', (_what, placed, acted, expected) => {
  const { settled, tasks: counts } = statusOf(record(2), assignment(placed), [report(acted)], 0);
  expect(counts).toEqual({ wanted: 2, placed: 2, running: 2 });
  expect(settled).toBe(expected);
});
