import { joiningUrl } from './joining-url.ts';
import { NodeProcess, type CountedMetric, type GivenOptions } from './node-process.ts';

/** Node processes of one cluster: the first has nats-server and the stores, the others tag photos beside it. */
export class ProcessCluster {
  readonly first: NodeProcess;
  readonly others: readonly NodeProcess[];

  private constructor(first: NodeProcess, others: readonly NodeProcess[]) {
    this.first = first;
    this.others = others;
  }

  /** Starts so many nodes, `n1`, `n2` …, each on a data folder of its own. */
  static async start(nodes: number, options: GivenOptions = {}): Promise<ProcessCluster> {
    const first = await NodeProcess.start(options);
    const others: NodeProcess[] = [];
    const cluster = new ProcessCluster(first, others);
    try {
      const nats = await joiningUrl({ url: first.url, dataFolder: first.data.path });
      while (others.length < nodes - 1)
        others.push(await NodeProcess.start({ ...options, nats, name: `n${String(others.length + 2)}` }));
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  get #nodes(): readonly NodeProcess[] {
    return [this.first, ...this.others];
  }

  /** Whether a node has ended by itself. */
  get failed(): boolean {
    return this.#nodes.some(({ failed }) => failed);
  }

  /** A counter, over all nodes and all of their lives. */
  async count(name: CountedMetric): Promise<number> {
    const counts = await Promise.all(this.#nodes.map((node) => node.count(name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** What the nodes have logged. */
  log(): string {
    return this.#nodes.map((node) => node.log().slice(-3_000)).join('\n');
  }

  /** Ends all nodes, and removes their data. */
  async dispose(): Promise<void> {
    for (const node of this.#nodes.toReversed()) await node.dispose();
  }
}
