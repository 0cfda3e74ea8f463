import { ClusterClient } from './cluster-client.ts';
import { makeMachines, type Machine, type Machines } from './machines.ts';
import { startNatsCluster, type NatsCluster } from './nats-cluster.ts';
import { NodeProcess, type CountedMetric, type GivenOptions, type NodeSetting } from './node-process.ts';

/** Node processes of one cluster: the first has the stores, and nats-server unless there are servers beside the nodes; the others tag photos too. */
export class ProcessCluster {
  readonly nodes: readonly NodeProcess[];
  /** Three nats-servers, where the nodes use those. */
  readonly servers: NatsCluster | undefined;
  readonly #network: Machines | undefined;

  private constructor(
    nodes: readonly NodeProcess[],
    servers: NatsCluster | undefined,
    network: Machines | undefined,
  ) {
    this.nodes = nodes;
    this.servers = servers;
    this.#network = network;
  }

  /**
   * Starts so many nodes, `n1`, `n2` …, each on a data folder of its own.
   * @param on - `servers`: on three nats-servers of their own; `machines`: each on a machine of its own, see {@link makeMachines}
   */
  static async start(
    nodes: number,
    options: GivenOptions = {},
    { on, ...setting }: NodeSetting & { readonly on?: 'servers' | 'machines' | undefined } = {},
  ): Promise<ProcessCluster> {
    const servers = on === 'servers' ? await startNatsCluster() : undefined;
    const network = on === 'machines' ? await makeMachines(nodes, 'reached') : undefined;
    const started: NodeProcess[] = [];
    const cluster = new ProcessCluster(started, servers, network);
    const start = async (own: GivenOptions) => {
      const { within = [] } = cluster.machines[started.length] ?? {};
      started.push(await NodeProcess.start({ ...options, ...own }, { ...setting, within }));
    };
    try {
      const [machine] = cluster.machines;
      const nats = servers?.token('node');
      await start({ ...(nats && { nats }), ...(machine && { listen: machine.address }) });
      const joined = nats ?? (await cluster.first.address('node'));
      while (started.length < nodes) await start({ nats: joined, name: `n${String(started.length + 1)}` });
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  /** One of each node in their order, where they are on such. */
  get machines(): readonly Machine[] {
    return this.#network?.machines ?? [];
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
    await this.#network?.remove();
  }
}
