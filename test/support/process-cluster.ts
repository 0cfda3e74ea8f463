import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { ClusterClient } from './cluster-client.ts';
import { makeMachines, type Machine, type Machines } from './machines.ts';
import { startNatsCluster, type NatsCluster } from './nats-cluster.ts';
import { startNats, type TestNats } from './nats.ts';
import { NodeProcess, type CountedMetric, type GivenOptions, type NodeSetting } from './node-process.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const payloadLimits = join(packageRoot, 'test/support/large-payload.conf');

/** Where the node processes of a cluster are, and what they have beside them. */
export interface ClusterSetting extends NodeSetting {
  /** `server`, `servers`: on one nats-server, or three, of their own; `machines`: each on a machine of its own, see {@link makeMachines} */
  readonly on?: 'server' | 'servers' | 'machines' | undefined;
  /** Whether their results are in a PostgreSQL server of their own. */
  readonly database?: boolean | undefined;
}

/** What was started for the nodes. */
interface Surroundings {
  readonly server: TestNats | undefined;
  readonly servers: NatsCluster | undefined;
  readonly network: Machines | undefined;
  readonly database: TestPostgres | undefined;
}

/** Node processes of one cluster: the first has the stores, and nats-server unless there are servers beside the nodes; the others tag photos too. */
export class ProcessCluster {
  readonly nodes: readonly NodeProcess[];
  /** Three nats-servers, where the nodes use those. */
  readonly servers: NatsCluster | undefined;
  readonly #surroundings: Surroundings;

  private constructor(nodes: readonly NodeProcess[], surroundings: Surroundings) {
    this.nodes = nodes;
    this.servers = surroundings.servers;
    this.#surroundings = surroundings;
  }

  /** Starts so many nodes, `n1`, `n2` …, each on a data folder of its own. */
  static async start(
    nodes: number,
    options: GivenOptions = {},
    { on, database = false, ...setting }: ClusterSetting = {},
  ): Promise<ProcessCluster> {
    const surroundings: Surroundings = {
      server: on === 'server' ? await startNats(['-c', payloadLimits]) : undefined,
      servers: on === 'servers' ? await startNatsCluster() : undefined,
      network: on === 'machines' ? await makeMachines(nodes, 'reached') : undefined,
      database: database ? await startPostgres() : undefined,
    };
    const started: NodeProcess[] = [];
    const cluster = new ProcessCluster(started, surroundings);
    const start = async (own: GivenOptions) => {
      const { within = [] } = cluster.machines[started.length] ?? {};
      started.push(await NodeProcess.start({ ...options, ...own }, { ...setting, within }));
    };
    try {
      const [machine] = cluster.machines;
      const nats = surroundings.server?.url ?? surroundings.servers?.token('node');
      const storeUrl = await surroundings.database?.createDatabase();
      const given = storeUrl === undefined ? {} : { storeUrl };
      await start({ ...given, ...(nats && { nats }), ...(machine && { listen: machine.address }) });
      const joined = nats ?? (await cluster.first.address('node'));
      while (started.length < nodes)
        await start({ ...given, nats: joined, name: `n${String(started.length + 1)}` });
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  /** One of each node in their order, where they are on such. */
  get machines(): readonly Machine[] {
    return this.#surroundings.network?.machines ?? [];
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
    const { server, servers } = this.#surroundings;
    const url = server?.url ?? servers?.token('operator');
    if (url === undefined) return this.first.connect();
    return ClusterClient.open({ url, dataFolder: this.first.data.path });
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
    const { server, servers, network, database } = this.#surroundings;
    await server?.stop();
    await servers?.stop();
    await network?.remove();
    await database?.stop();
  }
}
