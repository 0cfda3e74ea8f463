import { delay, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { withResolver } from '../../src/base/promise-resolver.ts';
import type { ComponentFactory, Task } from '../../src/cluster/topology/component-factory.ts';
import type { LiveNode, Members } from '../../src/cluster/topology/live-node.ts';
import { idOf } from '../../src/cluster/topology/local-task.ts';
import { nimbus } from '../../src/cluster/topology/nimbus.ts';
import { reconcilerName, topologies } from '../../src/cluster/topology/reconciler.ts';
import {
  ActorName,
  ActorSystem,
  actor,
  supervisor,
  type Behaviour,
  type ChildSpec,
} from '../../src/runtime/index.ts';
import { Connection } from '../../src/transport/connection.ts';
import { TopologyRecords, type DesiredState } from '../../src/transport/topology-records.ts';

/** Who is alive, as a test says. */
export class StubMembers implements Members {
  readonly #listeners = new Set<() => void>();
  #live: readonly LiveNode[] = [];

  live(): readonly LiveNode[] {
    return this.#live;
  }

  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  /** Says who is alive. */
  set(live: readonly LiveNode[]): void {
    this.#live = live;
    for (const listener of this.#listeners) listener();
  }
}

/** Components that do nothing but write down what happens to them. */
export class StubFactory implements ComponentFactory {
  /** `+autotag:0` for a start, `-autotag:0` for an end, `=photos:0` for a pause; in their order. */
  readonly journal: string[] = [];
  /** Tasks that run, by component and index. */
  readonly running = new Map<string, Task>();
  /** Components, or the ids of their tasks, that cannot be started. */
  readonly broken = new Set<string>();
  /** Places that a component has here, such as threads. */
  places = Infinity;
  /** How long users' bolts take to start, ms. */
  slowMs = 0;
  /** Resolves pauses; while it is there, spouts have something in flight. */
  #inFlight: Promise<void> | undefined;
  #starts: Promise<void> | undefined;

  /** From now on spouts have something in flight; the answer finishes it. */
  holdInFlight(): () => void {
    const { promise, resolve } = withResolver<undefined>();
    this.#inFlight = promise;
    return () => {
      resolve(undefined);
    };
  }

  /** From now on starts take until the answer is called. */
  holdStarts(): () => void {
    const { promise, resolve } = withResolver<undefined>();
    this.#starts = promise;
    return () => {
      this.#starts = undefined;
      resolve(undefined);
    };
  }

  /** Bundles that are to be kept. */
  retained: ReadonlySet<string> = new Set();
  /** Topologies as they were wanted last. */
  followed: DesiredState['topologies'] = new Map();

  child(task: Task): Pick<ChildSpec, 'start' | 'shutdown'> {
    if (task.place >= this.places) throw new Error(`there is no place ${String(task.place)}`);
    const options = { name: nameOf(task), takesOver: task.runs !== undefined };
    return { start: actor(this.#behaviour(task), undefined, options), shutdown: 1_000 };
  }

  follow({ topologies }: DesiredState): void {
    this.followed = topologies;
  }

  retain(bundles: ReadonlySet<string>): void {
    this.retained = bundles;
  }

  async pause(task: Task): Promise<void> {
    this.journal.push(`=${idOf(task)}`);
    await this.#inFlight;
  }

  #behaviour(task: Task): Behaviour<undefined, 'crash'> {
    const key = idOf(task);
    return {
      kind: 'stub',
      init: async (_, { clock, ending }) => {
        await this.#starts;
        if (task.runs !== undefined && this.slowMs > 0) await delay(clock, this.slowMs);
        if (ending.aborted) return undefined;
        if (this.broken.has(task.component) || this.broken.has(key))
          throw new Error(`${task.component} is broken`);
        this.journal.push(`+${key}`);
        const one = { ...task };
        this.running.set(key, one);
        // One that is killed is not asked to terminate.
        ending.addEventListener('abort', () => {
          if (this.running.get(key) === one) this.running.delete(key);
        });
        return undefined;
      },
      receive: () => {
        throw new Error('crash');
      },
      terminate: () => {
        this.journal.push(`-${key}`);
      },
    };
  }
}

/** A node in this process that has topologies and nothing else. */
export interface StubNode {
  readonly name: string;
  readonly system: ActorSystem;
  readonly factory: StubFactory;
  readonly records: TopologyRecords;
  readonly connection: Connection;
  /** Ends its spouts when they have finished. */
  drain(): Promise<void>;
  /** Lets a task crash. */
  crash(component: string, index: number): void;
  stop(): Promise<void>;
}

/** Starts a node with a connection of its own. */
export async function startStubNode(url: string, name: string): Promise<StubNode> {
  const connection = await Connection.open({ url, role: 'node', name });
  const records = await TopologyRecords.open(connection);
  const factory = new StubFactory();
  const system = new ActorSystem({ clock: systemClock, node: name });
  const start = supervisor(topologies({ node: name, records, factory, log: silentLog }));
  const started = await system.start({ children: [{ id: 'topologies', start }] });
  if (!started.ok) throw started.fault;
  return {
    name,
    system,
    factory,
    records,
    connection,
    drain: () => system.ref(reconcilerName).call({ type: 'drain' }, 20_000),
    crash: (component, index) => {
      const task = factory.running.get(`${component}:${String(index)}`);
      if (task !== undefined) system.ref(nameOf(task)).cast('crash');
    },
    stop: async () => {
      await system.stop(5_000);
      await connection.close();
    },
  };
}

/** Lets a node lead for a term; the answer ends that, and `over` resolves when it has ended by itself. */
export async function lead(
  { name, system, records }: StubNode,
  term: number,
  members: Members,
): Promise<{ stop: () => Promise<void>; over: Promise<unknown> }> {
  const argument = { node: name, lead: { term, isCurrent: true }, records, members, log: silentLog };
  const started = await system.spawn(nimbus, argument);
  if (!started.ok) throw started.fault;
  const over = system.whenDown(started.ref);
  return {
    over,
    stop: async () => {
      system.exit(started.ref, 'shutdown');
      await over;
    },
  };
}

/** The name that a task is registered under. */
export function nameOf({ topology, component, index }: Task): ActorName<'crash'> {
  return new ActorName<'crash'>(`${topology}/${component}/${String(index)}`);
}
