import type { ClusterState, TreeNode } from '../api/types.ts';

/** Something that has happened in the cluster. */
export interface Happening {
  /** ms since the epoch */
  readonly at: number;
  readonly text: string;
  readonly kind: 'bad' | 'good' | 'plain';
}

type Told = Omit<Happening, 'at'>;

/** What has changed in the cluster from one moment to the next. */
export function clusterChanges(before: ClusterState, now: ClusterState): readonly Told[] {
  const changes: Told[] = [];
  const past = new Map(before.nodes.map((member) => [member.name, member]));
  for (const { name, state, incarnation } of now.nodes) {
    const { state: was, incarnation: before } = past.get(name) ?? {};
    const isOther = state === 'alive' && was === 'alive' && before !== incarnation;
    if (isOther) changes.push({ text: `Node ${name} has crashed, and runs again.`, kind: 'good' });
    if (was === state) continue;
    if (state === 'alive') changes.push({ text: `Node ${name} has joined.`, kind: 'good' });
    else if (was === 'alive') changes.push({ text: `Node ${name} ${leftAs[state]}.`, kind: 'bad' });
  }
  const { leader } = now;
  if (leader !== undefined && leader !== before.leader)
    changes.push({ text: `Node ${leader} leads.`, kind: 'plain' });
  return changes;
}

const leftAs = { stopped: 'was stopped', failed: 'has failed', lost: 'is not heard of' } as const;

/** What has been restarted in the tree of a node. */
export function treeChanges(before: TreeNode, now: TreeNode): readonly Told[] {
  const was = new Map(flatten(before).map((process) => [process.path, process]));
  const changes: Told[] = [];
  for (const { path, label, restarts, phase } of flatten(now)) {
    const past = was.get(path);
    if (past === undefined) continue;
    if (phase === 'restarting' && past.phase !== 'restarting')
      changes.push({ text: `${label} has crashed; its supervisor starts it again.`, kind: 'bad' });
    if (restarts > past.restarts)
      changes.push({ text: `${label} was restarted (${String(restarts)} in all).`, kind: 'good' });
  }
  return changes;
}

interface Placed {
  readonly path: string;
  readonly label: string;
  readonly restarts: number;
  readonly phase: TreeNode['phase'];
}

function flatten({ id, name, restarts, phase, children = [] }: TreeNode, above = ''): readonly Placed[] {
  const path = `${above}/${id}`;
  return [{ path, label: name ?? id, restarts, phase }, ...children.flatMap((child) => flatten(child, path))];
}

/** How often processes of a tree have been restarted, all in all. */
export function restartsOf({ restarts, children = [] }: TreeNode): number {
  return children.reduce((sum, child) => sum + restartsOf(child), restarts);
}
