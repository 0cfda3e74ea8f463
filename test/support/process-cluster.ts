import { ClusterClient } from './cluster-client.ts';
import { joiningUrl } from './joining-url.ts';
import { startNatsCluster, type NatsCluster } from './nats-cluster.ts';
import { NodeProcess, type CountedMetric, type GivenOptions } from './node-process.ts';

/** Node processes of one cluster: the first has the stores, and nats-server unless there are servers beside the nodes; the others tag photos too. */
export class ProcessCluster {
  readonly nodes: readonly NodeProcess[];
  /** Three nats-servers, where the nodes use those. */
  readonly servers: NatsCluster | undefined;

  private constructor(nodes: readonly NodeProcess[], servers: NatsCluster | undefined) {
    this.nodes = nodes;
    this.servers = servers;
  }

  /**
   * Starts so many nodes, `n1`, `n2` …, each on a data folder of its own.
   * @param on - `servers`: on three nats-servers of their own
   */
  static async start(nodes: number, options: GivenOptions = {}, on?: 'servers'): Promise<ProcessCluster> {
    const servers = on === undefined ? undefined : await startNatsCluster();
    const started: NodeProcess[] = [];
    const cluster = new ProcessCluster(started, servers);
    try {
      const own = servers === undefined ? {} : { nats: servers.token('node') };
      started.push(await NodeProcess.start({ ...options, ...own }));
      const nats =
        servers?.token('node') ??
        (await joiningUrl({ url: cluster.first.url, dataFolder: cluster.first.data.path }));
      while (started.length < nodes)
        started.push(await NodeProcess.start({ ...options, nats, name: `n${String(started.length + 1)}` }));
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  get first(): NodeProcess {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('there is no node');
    return first;
  }

  get others(): readonly NodeProcess[] {
    return this.nodes.slice(1);
  }

  /** Whether a node has ended by itself. */
  get failed(): boolean {
    return this.nodes.some(({ failed }) => failed);
  }

  /** Connects to it as its operator. */
  connect(): Promise<ClusterClient> {
    if (this.servers === undefined) return this.first.connect();
    return ClusterClient.open({ url: this.servers.token('operator'), dataFolder: this.first.data.path });
  }

  /** A counter, over all nodes and all of their lives. */
  async count(name: CountedMetric): Promise<number> {
    const counts = await Promise.all(this.nodes.map((node) => node.count(name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** What the nodes have logged. */
  log(): string {
    return this.nodes.map((node) => node.log().slice(-3_000)).join('\n');
  }

  /** Ends all nodes and servers, and removes their data. */
  async dispose(): Promise<void> {
    for (const node of this.nodes.toReversed()) await node.dispose();
    await this.servers?.stop();
  }
}
