import type { CarriedTask, FinishedRun } from './training-cluster.ts';

/** What the nodes did during a run, and where its time went. */
export interface NodeUse {
  /** By node and kind: how many tasks, and how long they took together. */
  readonly tasks: Readonly<Record<string, Readonly<Record<string, { count: number; seconds: number }>>>>;
  /** Seconds in which every node had a task. */
  readonly together: number;
  /** Seconds in which some node had a task, and another had none: steps that are one task, ends of steps. */
  readonly alone: number;
  /** Seconds in which no node had a task: between tasks, and what the coordinator does itself. */
  readonly none: number;
  /**
   * Seconds that tasks took longer on nodes that do not coordinate, beside the mean of the same kind on the one that does: blobs
   * that are fetched and handed over.
   */
  readonly transfers: number;
}

/** Tells where the time of a run went. */
export function nodeUse({ seconds, tasks }: FinishedRun): NodeUse {
  const nodes = [...new Set(tasks.map(({ node }) => node))].sort();
  const [coordinator = '', ...others] = nodes;
  const busy = secondsByNodes(tasks);
  const some = busy.slice(1).reduce((sum, part) => sum + part, 0);
  const together = busy[nodes.length] ?? 0;
  const byNode = Object.fromEntries(
    nodes.map((name) => [name, byKind(tasks.filter(({ node }) => node === name))]),
  );
  const extra = others.flatMap((name) =>
    Object.entries(byNode[name] ?? {}).map(([kind, { count, seconds: took }]) => {
      const own = byNode[coordinator]?.[kind];
      return own === undefined ? 0 : took - (count * own.seconds) / own.count;
    }),
  );
  return {
    tasks: byNode,
    together,
    alone: some - together,
    none: seconds - some,
    transfers: extra.reduce((sum, part) => sum + part, 0),
  };
}

function byKind(tasks: readonly CarriedTask[]): Record<string, { count: number; seconds: number }> {
  const kinds: Record<string, { count: number; seconds: number }> = {};
  for (const { kind, seconds } of tasks) {
    const of = (kinds[kind] ??= { count: 0, seconds: 0 });
    of.count += 1;
    of.seconds += seconds;
  }
  return kinds;
}

/** For each number of nodes, the seconds in which just so many of them had a task. */
function secondsByNodes(tasks: readonly CarriedTask[]): number[] {
  const turns = tasks
    .flatMap(({ node, endSeconds, seconds }) => [
      { at: endSeconds - seconds, node, change: 1 },
      { at: endSeconds, node, change: -1 },
    ])
    .sort((one, other) => one.at - other.at);
  const held = new Map<string, number>();
  const spent = new Array<number>(new Set(tasks.map(({ node }) => node)).size + 1).fill(0);
  let last = 0;
  for (const { at, node, change } of turns) {
    const nodes = [...held.values()].filter((count) => count > 0).length;
    spent[nodes] = (spent[nodes] ?? 0) + at - last;
    last = at;
    held.set(node, (held.get(node) ?? 0) + change);
  }
  return spent;
}
