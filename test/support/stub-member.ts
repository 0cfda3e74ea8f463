import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Fault } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { ClusterPlace } from '../../src/cluster/cluster-place.ts';
import type { Lead } from '../../src/cluster/lead.ts';
import { leadershipName, type LeadershipEvent } from '../../src/cluster/leadership.ts';
import { membershipName, type MembershipEvent } from '../../src/cluster/membership.ts';
import { RemoteActors, remoteActors } from '../../src/cluster/remote-actors.ts';
import { ActorSystem, actor, type Behaviour } from '../../src/runtime/index.ts';
import { Connection } from '../../src/transport/connection.ts';

/** How a stub differs from a node that does everything. */
export interface StubMemberOptions {
  readonly leaseMs?: number;
  /** A data folder that another stub has left; default a new one. */
  readonly folder?: string;
  readonly takes?: 'all' | 'tasks';
}

/** A node of the cluster that does nothing but be one, whose actors speak with those of others. */
export class StubMember {
  readonly name: string;
  readonly folder: string;
  readonly place: ClusterPlace;
  readonly connection: Connection;
  /** What subscribers were told, in its order. */
  readonly events: (MembershipEvent | LeadershipEvent)[] = [];
  /** Why it leaves, if nobody tells it to. */
  failure: Fault | undefined;
  /** Why it must end, once it must. */
  expelled: Fault | undefined;
  readonly system: ActorSystem;
  readonly #actors = new RemoteActors(systemClock);

  private constructor(name: string, folder: string, connection: Connection, options: StubMemberOptions) {
    this.name = name;
    this.folder = folder;
    this.connection = connection;
    this.place = new ClusterPlace({
      hasDatabase: false,
      name,
      folder,
      facts: { version: '0.0.0', takes: options.takes ?? 'all', threads: 1, jobThreads: 1 },
      leaseMs: options.leaseMs ?? 4_000,
      failure: () => this.failure,
      onExpelled: (fault) => {
        this.expelled = fault;
      },
      log: silentLog,
    });
    this.system = new ActorSystem({ clock: systemClock, node: name, remote: this.#actors });
  }

  /**
   * Joins the cluster at a URL.
   * @throws Fault as `admit`
   */
  static async join(url: string, name: string, options: StubMemberOptions = {}): Promise<StubMember> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'autotag-stub-')));
    const connection = await Connection.open({ url, role: 'node', name });
    const member = new StubMember(name, folder, connection, options);
    try {
      await member.place.admit(connection, 1);
      const witness = { id: 'witness', start: actor(witnessOf(member.events), undefined) };
      const started = await member.system.start({
        children: [
          ...member.place.children(),
          { id: 'remote-actors', start: member.#remoteActors() },
          witness,
        ],
      });
      if (!started.ok) throw started.fault;
      return member;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  #remoteActors() {
    const [node, actors, { door }, { view }] = [this.name, this.#actors, this.system, this.place];
    return actor(remoteActors, { node, actors, door, seat: () => this.place.seat, view, log: silentLog });
  }

  /** Its leadership, as it was told of it. */
  get lead(): Lead | undefined {
    return this.events.findLast((event) => event.type === 'leadership')?.lead;
  }

  /** Names of those that it takes for alive. */
  get alive(): string[] {
    return this.place.view.alive.map(({ name }) => name);
  }

  /** Leaves as a node that stops. */
  async stop(): Promise<void> {
    await this.system.stop(2_000);
    await this.connection.close();
  }

  /** Is gone, as a process that was killed. */
  async kill(): Promise<void> {
    await this.connection.close();
    await this.system.stop(2_000);
  }

  /** Removes its data folder. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

type Event = MembershipEvent | LeadershipEvent;

/** Writes down what subscribers are told. */
function witnessOf(events: Event[]): Behaviour<undefined, Event> {
  return {
    kind: 'witness',
    init: async (_, context) => {
      const members = await context.ref(membershipName).call({ type: 'subscribe', subscriber: context.self });
      for (const member of members)
        if (member.state === 'alive') events.push({ type: 'member', change: 'join', member });
      const lead = await context.ref(leadershipName).call({ type: 'subscribe', subscriber: context.self });
      events.push({ type: 'leadership', lead });
      return undefined;
    },
    receive: (_, event) => {
      events.push(event);
      return undefined;
    },
  };
}
