import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { parseNodeOptions } from '../../src/base/options.ts';
import { RecentLines } from '../../src/base/recent-lines.ts';
import { AuditLog } from '../../src/cluster/audit-log.ts';
import { ClusterView } from '../../src/cluster/cluster-view.ts';
import { inspection } from '../../src/cluster/inspection.ts';
import { service } from '../../src/cluster/service.ts';
import {
  actor,
  ActorName,
  ActorSystem,
  supervisor,
  type ActorRef,
  type Behaviour,
  type ChildSpec,
} from '../../src/runtime/index.ts';
import { Connection } from '../../src/transport/connection.ts';
import { dataFolder, type DataFolder } from './data-folder.ts';

/** What a bolt of a test is told. */
export type BoltMessage =
  | { readonly type: 'tag'; readonly photo: string }
  /** Awaits what never comes. */
  | { readonly type: 'hang' }
  /** Tells itself the same again, for ever. */
  | { readonly type: 'spin' };

const bolt: Behaviour<number, BoltMessage> = {
  kind: 'bolt',
  init: () => 0,
  receive: (state, message, context) => {
    if (message.type === 'hang') return new Promise(() => undefined);
    if (message.type === 'spin') context.self.cast(message);
    else context.log.info({ photo: message.photo }, 'tagged');
    return state + 1;
  },
  describe: (tagged) => ({ tagged }),
};

/** Nothing but bolts and the inspection of a node, on a real connection. */
export class InspectedNode {
  readonly name: string;
  readonly system: ActorSystem;
  readonly connection: Connection;
  readonly data: DataFolder;

  private constructor(name: string, system: ActorSystem, connection: Connection, data: DataFolder) {
    this.name = name;
    this.system = system;
    this.connection = connection;
    this.data = data;
  }

  /** Starts a node with bolts of these names, one after the other. */
  static async start(url: string, name: string, bolts: readonly string[]): Promise<InspectedNode> {
    const data = await dataFolder();
    const recent = new RecentLines();
    const log = createLog('info', { node: name }, recent);
    const connection = await Connection.open({ url, role: 'node', name });
    const audit = new AuditLog({ folder: data.path, node: name, clock: systemClock, log });
    const system = new ActorSystem({ clock: systemClock, node: name, log });
    const endpoints = inspection({
      system,
      clock: systemClock,
      version: '1',
      options: parseNodeOptions({ name, nats: 'nats://node:geheim@127.0.0.1:4222' }),
      view: new ClusterView(),
      recent,
      audit,
      queues: () => Promise.resolve({ photos: { messages: 3, bytes: 9, maxBytes: -1, oldestMs: 61_000 } }),
      eventLoopDelay: () => Promise.resolve({ p50Ms: 0.1, p99Ms: 2 }),
    });
    const started = await system.start({
      children: [
        { id: 'bolts', start: supervisor({ strategy: 'rest_for_one', children: bolts.map(boltChild) }) },
        {
          id: 'inspection',
          start: actor(
            service,
            { connection, endpoints, audit },
            { name: new ActorName('services/inspection') },
          ),
        },
      ],
    });
    if (!started.ok) throw started.fault;
    return new InspectedNode(name, system, connection, data);
  }

  /** One of its bolts. */
  bolt(name: string): ActorRef<BoltMessage> {
    return this.system.ref(new ActorName<BoltMessage>(name));
  }

  /** Answers nobody any more, as after a crash. */
  async die(): Promise<void> {
    await this.connection.close();
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    await this.system.stop(1_000);
    await this.connection.close();
    await this.data.remove();
  }
}

function boltChild(id: string): ChildSpec {
  return { id, start: actor(bolt, undefined, { name: new ActorName<BoltMessage>(id), mailboxLimit: 100 }) };
}
