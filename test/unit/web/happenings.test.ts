import { describe, expect, it } from 'vitest';
import type { ClusterNode, ClusterState, TreeNode } from '../../../src/web/page/api/types.ts';
import { clusterChanges, restartsOf, treeChanges } from '../../../src/web/page/cluster/happenings.ts';

const node = (name: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  name,
  state: 'alive',
  version: '1',
  takes: 'all',
  threads: 2,
  jobThreads: 2,
  incarnation: 'first',
  ...more,
});
const cluster = (leader: string, ...nodes: ClusterNode[]): ClusterState => ({ leader, nodes });
const texts = (changes: readonly { readonly text: string }[]) => changes.map(({ text }) => text);

describe('what has happened to a cluster', () => {
  it('is nothing where nothing has changed', () => {
    expect(clusterChanges(cluster('a', node('a')), cluster('a', node('a')))).toEqual([]);
  });

  it('is told node by node', () => {
    const before = cluster('a', node('a'), node('b'), node('c'));
    const now = cluster(
      'b',
      node('a', { state: 'lost' }),
      node('b', { incarnation: 'second' }),
      node('c', { state: 'stopped' }),
      node('d'),
    );
    expect(texts(clusterChanges(before, now))).toEqual([
      'Node a is not heard of.',
      'Node b has crashed, and runs again.',
      'Node c was stopped.',
      'Node d has joined.',
      'Node b leads.',
    ]);
  });
});

describe('what has happened in a tree', () => {
  const leaf = (id: string, restarts: number, phase: TreeNode['phase'] = 'running'): TreeNode => ({
    id,
    type: 'worker',
    pid: '#1',
    name: null,
    phase,
    restarts,
  });
  const tree = (...children: TreeNode[]): TreeNode => ({ ...leaf('root', 0), type: 'supervisor', children });

  it('is restarts, also under way', () => {
    const before = tree(leaf('x', 0), leaf('y', 2));
    expect(treeChanges(before, before)).toEqual([]);
    expect(texts(treeChanges(before, tree(leaf('x', 1), leaf('y', 2, 'restarting'))))).toEqual([
      'x was restarted (1 in all).',
      'y has crashed; its supervisor starts it again.',
    ]);
    expect(restartsOf(before)).toBe(2);
  });
});
