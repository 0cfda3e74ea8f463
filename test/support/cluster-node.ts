import { parseNodeOptions } from '../../src/base/options.ts';
import { startNode } from '../../src/node.ts';
import type { Node, NodeParts } from '../../src/node.ts';
import { untilAtWork } from './at-work.ts';
import { ClusterClient } from './cluster-client.ts';
import { dataFolder, type DataFolder } from './data-folder.ts';
import { freePort } from './nats.ts';
import type { GivenOptions } from './node-process.ts';

/** A node in this process, with a nats-server and a data folder of its own. */
export interface ClusterNode {
  readonly node: Node;
  readonly data: DataFolder;
  /** Connects to it. */
  connect(role?: 'submitter' | 'operator'): Promise<ClusterClient>;
  /** Starts another node on the same data and port, after {@link Node.stop}. */
  restart(): Promise<void>;
  /** Stops it, closes its clients, and removes its data. */
  dispose(): Promise<void>;
}

/** Starts a node on a new data folder and free ports. */
export async function startClusterNode(
  options: GivenOptions = {},
  parts: NodeParts = {},
): Promise<ClusterNode> {
  const data = await dataFolder();
  // Credentials of running nodes are left there for the commands of this user.
  process.env['XDG_CONFIG_HOME'] = data.path;
  const clients: ClusterClient[] = [];
  const given = {
    data: data.path,
    port: await freePort(),
    httpPort: 0,
    threads: 1,
    diskReserveBytes: 0,
    logLevel: 'error',
    ...options,
  };
  let node: Node | undefined;
  const start = async () => {
    node = undefined;
    node = await startNode(parseNodeOptions(given), parts);
    if (given.takes !== 'tasks')
      await untilAtWork({ url: node.url, dataFolder: data.path, name: node.name }, given.nats);
  };
  const running = () => {
    if (node === undefined) throw new Error('the node does not run');
    return node;
  };
  const dispose = async () => {
    await Promise.all(clients.map((client) => client.close()));
    await node?.stop();
    await data.remove();
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    get node() {
      return running();
    },
    data,
    connect: async (role) => {
      const client = await ClusterClient.open({ url: running().url, dataFolder: data.path }, role);
      clients.push(client);
      return client;
    },
    restart: start,
    dispose,
  };
}
