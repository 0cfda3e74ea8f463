import type { ProcessStatus } from '../../src/runtime/index.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import type { ProcessCluster } from '../support/process-cluster.ts';

const mebibyte = 1024 * 1024;
/** What a process may hold beyond its base: heaps shrink when they like, not when nothing needs them. */
const allowedGrowth = 1.25;
const allowedGrowthBytes = 48 * mebibyte;
/** A node that was cut off notices after half a minute, and then comes back. */
const patienceMs = 60_000;

/** What the nodes of a cluster hold. */
export interface Footprint {
  /** Resident memory by node. */
  readonly resident: ReadonlyMap<string, number>;
  /** Every actor and child of all nodes, with its phase: whoever leads has one more than the others. */
  readonly processes: readonly string[];
  /** The same by node. */
  readonly byNode: ReadonlyMap<string, readonly string[]>;
}

/** With `base`, waits until the nodes have come back to it, or are not going to. */
export async function footprint(
  cluster: ProcessCluster,
  client: ClusterClient,
  base?: Footprint,
): Promise<Footprint> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const isLast = performance.now() > deadline;
    try {
      const now = await look(cluster, client);
      if (base === undefined || growthOf(base, now).length === 0 || isLast) return now;
    } catch (error) {
      if (isLast) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** What has grown, or has not come back; empty if nothing has. */
export function growthOf(before: Footprint, after: Footprint): string[] {
  const grown = [...after.resident].filter(
    ([node, bytes]) => bytes > (before.resident.get(node) ?? 0) * allowedGrowth + allowedGrowthBytes,
  );
  const [missing, added] = [
    without(before.processes, after.processes),
    without(after.processes, before.processes),
  ];
  return [
    ...grown.map(
      ([node]) => `resident memory of ${node} went from ${sizes(node, before, after).join(' to ')} MiB`,
    ),
    ...(missing.length === 0 ? [] : [`these actors are missing: ${whereOf(missing, after)}`]),
    ...(added.length === 0 ? [] : [`these actors are left over: ${whereOf(added, after)}`]),
  ];
}

/** Resident memory of the first node before and after, MiB. */
export function residentMib(before: Footprint, after: Footprint): readonly [number, number] {
  const [first = ''] = before.resident.keys();
  return sizes(first, before, after);
}

async function look({ nodes }: ProcessCluster, client: ClusterClient): Promise<Footprint> {
  const resident = new Map<string, number>();
  const byNode = new Map<string, readonly string[]>();
  for (const { name } of nodes) {
    const { memory } = (await client.inspect('node', undefined, name)) as { memory: { rss: number } };
    resident.set(name, memory.rss);
    // A task that has moved has another number, and one that was upgraded another revision.
    const nameOf = (one: ProcessStatus) =>
      (one.child ?? one.name ?? '?').replace(/[@/][0-9a-f]{8}$/, '').replace(/:\d+$/, '');
    byNode.set(
      name,
      (await client.processes(name)).map((one) => `${nameOf(one)} ${one.phase}`),
    );
  }
  return { resident, byNode, processes: [...byNode.values()].flat().toSorted() };
}

/** How many of these each node has. */
function whereOf(names: readonly string[], { byNode }: Footprint): string {
  return [...new Set(names)]
    .map((name) => {
      const counts = Array.from(
        byNode,
        ([node, all]) => `${node} has ${String(all.filter((one) => one === name).length)}`,
      );
      return `${name} (${counts.join(', ')})`;
    })
    .join(', ');
}

function sizes(node: string, ...footprints: [Footprint, Footprint]): [number, number] {
  const [before, after] = footprints.map(({ resident }) => Math.round((resident.get(node) ?? 0) / mebibyte));
  return [before ?? 0, after ?? 0];
}

/** What the first list has beyond the second. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
