import { call, path } from './call.ts';
import type { ClusterState, DeadLetterPage, TreeNode } from './types.ts';

/** Which dead letters: some, or all. */
export type DeadSelection = { readonly sequences: readonly number[] } | { readonly all: true };

/** The cluster as it is now. @throws ApiError */
export function getCluster(signal?: AbortSignal): Promise<ClusterState> {
  return call('cluster', { signal });
}

/** The supervision tree of a node. @throws ApiError */
export async function getTree(node: string, signal?: AbortSignal): Promise<TreeNode> {
  const { tree } = await call<{ tree: TreeNode }>(path`cluster/nodes/${node}/tree`, { signal });
  return tree;
}

/** Ends a process of a node as a crash does; its supervisor starts it again. @throws ApiError */
export async function killProcess(node: string, pid: string): Promise<void> {
  await call(path`cluster/nodes/${node}/kill`, { method: 'POST', body: { pid } });
}

/** Photos that could not be tagged, the oldest first. @throws ApiError */
export function deadLetters(after: number, signal?: AbortSignal): Promise<DeadLetterPage> {
  return call('dead-letters', { query: { limit: lettersShown, after }, signal });
}

/** Queues dead letters again; how many. @throws ApiError */
export async function retryDead(which: DeadSelection): Promise<number> {
  const query = queryOf(which);
  const { retried } = await call<{ retried: number }>('dead-letters/retry', { method: 'POST', query });
  return retried;
}

/** Erases dead letters; how many. @throws ApiError */
export async function removeDead(which: DeadSelection): Promise<number> {
  const query = queryOf(which);
  const { removed } = await call<{ removed: number }>('dead-letters', { method: 'DELETE', query });
  return removed;
}

function queryOf(which: DeadSelection) {
  return 'all' in which ? which : { sequences: which.sequences.join(',') };
}

const lettersShown = 50;
