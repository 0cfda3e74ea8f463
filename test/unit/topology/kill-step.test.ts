import { expect, it } from 'vitest';
import { killStep } from '../../../src/cluster/topology/kill-step.ts';
import type { AssignmentRecord, NodeReport } from '../../../src/transport/topology-record.ts';

const topology = { name: 'photos', id: 'x', version: 3 };
const live = ['n1', 'n2', 'n3'];

/** The assignment of one task to each of these nodes. */
function assigned(nodes: readonly string[], id = 'x'): AssignmentRecord {
  const tasks = nodes.map((node, index) => ({ component: 'a', index, node }));
  return { topology: 'photos', id, version: 2, term: 1, tasks };
}

/** Nodes that have said that they have tasks of these kinds. */
function said(
  kinds: Readonly<Record<string, readonly ('spout' | 'bolt')[]>>,
  { id = 'x', version = 3 } = {},
): Map<string, NodeReport> {
  return new Map(
    Object.entries(kinds).map(([node, list]) => {
      const tasks = list.map((kind, index) => ({
        ...{ component: kind, kind, index, state: 'draining' as const, since: 0 },
      }));
      return [node, { node, topologies: [{ name: 'photos', id, version, tasks }] }];
    }),
  );
}

it.each([
  ['a spout drains', assigned(['n1']), said({ n1: ['spout', 'bolt'] }), 'wait'],
  [
    'a spout drains where it is not placed any more',
    assigned(['n1']),
    said({ n1: [], n2: ['spout'] }),
    'wait',
  ],
  ['a node has not said anything', assigned(['n1', 'n2']), said({ n1: ['bolt'] }), 'wait'],
  ['a node does not know yet', assigned(['n1']), said({ n1: ['bolt'] }, { version: 2 }), 'wait'],
  ['only bolts are left', assigned(['n1', 'n2']), said({ n1: ['bolt'], n2: [] }), 'end'],
  ['the other node is gone', assigned(['n1', 'n9']), said({ n1: ['bolt'], n9: ['spout'] }), 'end'],
  ['only a node that is gone had any', assigned(['n9']), said({}), 'end'],
  ['a bolt is left', assigned([]), said({ n3: ['bolt'] }), 'wait'],
  ['nothing is left', assigned([]), said({ n1: [], n9: ['bolt'] }), 'gone'],
  ['it was never placed', undefined, said({}), 'gone'],
  ['only its predecessor was placed', assigned(['n1'], 'w'), said({ n1: ['bolt'] }, { id: 'w' }), 'gone'],
])('while %s', (_, assignment, reports, step) => {
  expect(killStep(topology, assignment, reports, live)).toBe(step);
});
