import { signal } from '@preact/signals';
import { getCluster, getTree } from '../api/cluster.ts';
import { onEvent } from '../api/events.ts';
import type { ClusterState, TreeNode } from '../api/types.ts';
import { clusterChanges, treeChanges, type Happening } from './happenings.ts';

const treeEveryMs = 1_500;
const happeningsKept = 30;

/** The cluster as it was last seen. */
export const cluster = signal<ClusterState>();

/** Why it could not be seen the last time. */
export const clusterError = signal<unknown>();

/** Trees by node, as they were last seen. */
export const trees = signal<ReadonlyMap<string, TreeNode>>(new Map());

/** What has happened since the page was opened, the latest first. */
export const happenings = signal<readonly Happening[]>([]);

/** Looks at the cluster now. */
export async function loadCluster(): Promise<void> {
  try {
    seen(await getCluster());
  } catch (error) {
    clusterError.value = error;
  }
}

/** Follows the cluster as long as the page is open. */
export function followCluster(): void {
  onEvent('cluster', seen);
  void loadCluster();
}

/** Follows the tree of a node; the answer ends that. */
export function followTree(node: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const look = async () => {
    // A node that is away is told of by the view of the cluster.
    const tree = document.hidden ? undefined : await getTree(node).catch(() => undefined);
    if (isOver) return;
    if (tree !== undefined) treeSeen(node, tree);
    timer = setTimeout(() => void look(), treeEveryMs);
  };
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function seen(now: ClusterState): void {
  const before = cluster.value;
  cluster.value = now;
  clusterError.value = undefined;
  if (before !== undefined) tell(clusterChanges(before, now));
}

function treeSeen(node: string, now: TreeNode): void {
  const before = trees.value.get(node);
  trees.value = new Map(trees.value).set(node, now);
  if (before !== undefined) tell(treeChanges(before, now));
}

function tell(changes: readonly Omit<Happening, 'at'>[]): void {
  if (changes.length === 0) return;
  const at = Date.now();
  const told = changes.map((change) => ({ ...change, at })).reverse();
  happenings.value = [...told, ...happenings.value].slice(0, happeningsKept);
}
