import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Connection } from './connection.ts';
import { JsonBucket, type Revised } from './json-bucket.ts';
import { checkTerm, writeAsLeader } from './led-record.ts';
import { names } from './photo-stream.ts';
import {
  assignmentRecord,
  nodeReport,
  topologyRecord,
  type AssignmentRecord,
  type NodeReport,
  type Origin,
  type TopologyRecord,
} from './topology-record.ts';
import {
  isSame,
  isSameSpec,
  lasting,
  rebalanced,
  rolledBack,
  upgraded,
  type Rebalance,
} from './topology-change.ts';
import type { TopologySpec } from './topology-spec.ts';

/** How a topology is deployed. */
export interface DeployOptions {
  /** Default `operator`. */
  readonly origin?: Origin;
  /** The version that it was decided on, 0 for a topology that was not there; by default whatever there is. */
  readonly version?: number;
}

/** Topologies and where their tasks are, as they are wanted. */
export interface DesiredState {
  /** By name; those that were killed are among them. */
  readonly topologies: ReadonlyMap<string, TopologyRecord>;
  readonly assignments: ReadonlyMap<string, AssignmentRecord>;
}

/** How long spouts that end may take to finish what they have, unless told otherwise, ms. */
export const defaultDrainMs = 30_000;

/**
 * The desired state of the cluster's topologies, in KV: what operators want, where the leader places its tasks, and what each
 * node says of those it has. Everything is written by revision, so that each change happens as a whole or not at all.
 *
 * A topology that was killed leaves its name behind: a node that starts does not deploy it again.
 */
export class TopologyRecords {
  readonly #topologies: JsonBucket<TopologyRecord>;
  readonly #assignments: JsonBucket<AssignmentRecord>;
  readonly #reports: JsonBucket<NodeReport>;

  private constructor(
    topologies: JsonBucket<TopologyRecord>,
    assignments: JsonBucket<AssignmentRecord>,
    reports: JsonBucket<NodeReport>,
  ) {
    this.#topologies = topologies;
    this.#assignments = assignments;
    this.#reports = reports;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(
    connection: Connection,
    options: { readonly replicas?: number } = {},
  ): Promise<TopologyRecords> {
    return new TopologyRecords(
      await JsonBucket.open(connection, names.topologies, topologyRecord, options),
      await JsonBucket.open(connection, names.topologies, assignmentRecord, options),
      await JsonBucket.open(connection, names.topologies, nodeReport, options),
    );
  }

  /**
   * Everything that is wanted.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async read(): Promise<DesiredState> {
    const topologies = await this.#topologies.list(topologyKey('*'));
    const assignments = await this.#assignments.list(assignmentKey('*'));
    return {
      topologies: new Map(Array.from(topologies.values(), ({ value }) => [value.name, value])),
      assignments: new Map(Array.from(assignments.values(), ({ value }) => [value.topology, value])),
    };
  }

  /**
   * A topology, or `undefined` if there is none of this name.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async get(name: string): Promise<TopologyRecord | undefined> {
    const found = await this.#topologies.get(topologyKey(name));
    return found?.value.state === 'killed' ? undefined : found?.value;
  }

  /**
   * Submits a checked topology: a new one, or another version of one that there is, whose rebalanced components stay so.
   * Nothing changes where it is the same already.
   * @throws Fault `TOPOLOGY_ENDING`, `TOPOLOGY_CHANGED` (another version than the given one), `REQUEST_INVALID` (too many tasks
   * with those that a rebalance has set), `NATS_UNREACHABLE`
   */
  async deploy(
    spec: TopologySpec,
    { origin = 'operator', version }: DeployOptions = {},
  ): Promise<TopologyRecord> {
    for (;;) {
      const before = await this.#topologies.get(topologyKey(spec.name));
      const present = before?.value.state === 'killed' ? undefined : before?.value;
      if (present !== undefined && isSameSpec(lasting(present).spec, spec)) return present;
      if (version !== undefined && version !== (present?.version ?? 0))
        throw new Fault('TOPOLOGY_CHANGED', { name: spec.name });
      const written =
        before === undefined || present === undefined
          ? await this.#create(spec, origin, before)
          : await this.#write(upgraded(present, spec, origin), before.revision);
      if (written !== undefined) return written;
    }
  }

  /**
   * Submits a checked topology unless this cluster has, or had, one of its name: what an operator killed stays so.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async deployOnce(spec: TopologySpec): Promise<void> {
    await this.#create(spec, 'builtin', undefined);
  }

  /**
   * Brings a topology up to a built-in one that Autotag has otherwise by now, unless an operator has deployed another one.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async follow(builtin: TopologySpec): Promise<void> {
    const before = await this.#topologies.get(topologyKey(builtin.name));
    if (before === undefined) return;
    const { origin, state, spec } = before.value;
    if (origin !== 'builtin' || state === 'killing' || state === 'killed' || isSameSpec(spec, builtin))
      return;
    // Whoever has written meanwhile is followed the next time.
    await this.#write(upgraded(before.value, builtin, 'builtin'), before.revision);
  }

  /**
   * Brings back what a topology was before the last deploy; a further one takes that back.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `REQUEST_INVALID` (it was never another), `NATS_UNREACHABLE`
   */
  rollback(name: string): Promise<TopologyRecord> {
    return this.#change(name, (record) => rolledBack(lasting(record)));
  }

  /**
   * Lets the spouts of a topology take again; nothing changes where they do.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `NATS_UNREACHABLE`
   */
  activate(name: string): Promise<TopologyRecord> {
    return this.#change(name, (record) => ({ ...lasting(record), state: 'active' }));
  }

  /**
   * Lets the spouts of a topology take nothing new; what they have is finished.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `NATS_UNREACHABLE`
   */
  deactivate(name: string): Promise<TopologyRecord> {
    return this.#change(name, (record) => ({ ...lasting(record), state: 'inactive' }));
  }

  /**
   * Changes how many nodes and tasks a topology has.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `REQUEST_INVALID` (a component that it does not have; a number below 1),
   * `NATS_UNREACHABLE`
   */
  rebalance(name: string, change: Rebalance): Promise<TopologyRecord> {
    return this.#change(name, (record) => rebalanced(lasting(record), change));
  }

  /**
   * Ends a topology: its spouts take nothing new, finish what they have within `killAfterMs`, then all of its tasks end.
   * Of one that is being killed, it changes that time.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  kill(name: string, killAfterMs = defaultDrainMs): Promise<TopologyRecord> {
    return this.#change(name, (record) => ({ ...record, state: 'killing', killAfterMs }));
  }

  /**
   * Writes where the tasks of a topology are.
   * @throws Fault `TERM_OVER` if a leader of a later term has written it; `NATS_UNREACHABLE`
   */
  async assign(assignment: AssignmentRecord): Promise<void> {
    await writeAsLeader(this.#assignments, assignmentKey(assignment.topology), assignment);
  }

  /**
   * Notes that no task of a killed topology is left. Nothing happens if it has ended, or was deployed again, by now.
   * @throws Fault `TERM_OVER` as {@link assign}; `NATS_UNREACHABLE`
   */
  async end({ name, id }: Pick<TopologyRecord, 'name' | 'id'>, term: number): Promise<void> {
    for (;;) {
      const before = await this.#topologies.get(topologyKey(name));
      if (before?.value.id !== id || before.value.state !== 'killing') return;
      checkTerm((await this.#assignments.get(assignmentKey(name)))?.value, term);
      if ((await this.#write({ ...before.value, state: 'killed' }, before.revision)) !== undefined) return;
    }
  }

  /**
   * What nodes have said of their tasks, by node; those that are gone are among them.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async reports(): Promise<ReadonlyMap<string, NodeReport>> {
    const reports = await this.#reports.list(reportKey('*'));
    return new Map(Array.from(reports.values(), ({ value }) => [value.node, value]));
  }

  /**
   * Writes what a node says of its tasks.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async report(report: NodeReport): Promise<void> {
    await this.#reports.put(reportKey(report.node), report);
  }

  /**
   * Calls `onChange` for each topology and assignment that there is, and whenever one changes; the answer ends that.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async watch(onChange: () => void): Promise<() => void> {
    const ends = [
      await this.#topologies.watch(topologyKey('*'), onChange),
      await this.#assignments.watch(assignmentKey('*'), onChange),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  #create(spec: TopologySpec, origin: Origin, before: Revised<TopologyRecord> | undefined) {
    const record: TopologyRecord = {
      name: spec.name,
      id: randomId(),
      spec,
      origin,
      state: 'active',
      version: before?.value.version ?? 0,
      parallelism: {},
      createdAt: Date.now(),
      updatedAt: 0,
    };
    return this.#write(record, before?.revision ?? 0);
  }

  async #change(name: string, change: (record: TopologyRecord) => TopologyRecord): Promise<TopologyRecord> {
    for (;;) {
      const before = await this.#topologies.get(topologyKey(name));
      if (before === undefined || before.value.state === 'killed')
        throw new Fault('NOT_FOUND', { what: 'topology', id: name });
      const changed = change(before.value);
      if (isSame(changed, before.value)) return before.value;
      const written = await this.#write(changed, before.revision);
      if (written !== undefined) return written;
    }
  }

  /** Writes the next version; `undefined` if somebody else has meanwhile. */
  async #write(record: TopologyRecord, revision: number): Promise<TopologyRecord | undefined> {
    const next = { ...record, version: record.version + 1, updatedAt: Date.now() };
    const written = await this.#topologies.put(topologyKey(record.name), next, revision);
    return written === undefined ? undefined : next;
  }
}

function topologyKey(name: string): string {
  return `topology.${name}`;
}

function assignmentKey(name: string): string {
  return `assignment.${name}`;
}

function reportKey(node: string): string {
  return `report.${node}`;
}
