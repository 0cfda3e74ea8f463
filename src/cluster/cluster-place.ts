import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { actor } from '../runtime/index.ts';
import type { ChildSpec } from '../runtime/index.ts';
import { openClusterRecords, type Departure } from '../transport/cluster-records.ts';
import { Connection, type ConnectOptions } from '../transport/connection.ts';
import { admit, type NodeFacts, type Seat } from './admission.ts';
import { ClusterView } from './cluster-view.ts';
import { failureDetector } from './failure-detector.ts';
import { FolderIdentity } from './folder-identity.ts';
import { leadership, leadershipName } from './leadership.ts';
import { membership, membershipName, noteDeparture } from './membership.ts';

/** What a node's place in its cluster depends on. */
export interface ClusterPlaceOptions {
  readonly name: string;
  /** The data folder, locked. */
  readonly folder: string;
  readonly facts: NodeFacts;
  /** Whether the node has been given a database for results. */
  readonly hasDatabase: boolean;
  readonly leaseMs: number;
  /** Why the node leaves, asked when it does; `undefined` if it was told to. */
  readonly failure: () => Fault | undefined;
  /** Another node has taken the name, while this one was not heard of: this one must end. */
  readonly onExpelled: (fault: Fault) => void;
  readonly log: Log;
}

/** This node's place in its cluster: how it gets in, what keeps it there, and what it knows of the others. */
export class ClusterPlace {
  readonly view = new ClusterView();
  readonly #options: ClusterPlaceOptions;
  readonly #incarnation = randomId();
  #seat: Seat | undefined;

  constructor(options: ClusterPlaceOptions) {
    this.#options = options;
  }

  /** @throws Fault `INTERNAL` before the node has been admitted */
  get seat(): Seat {
    if (this.#seat === undefined) throw new Fault('INTERNAL', { reason: 'the node is in no cluster yet' });
    return this.#seat;
  }

  /** As {@link admit}, over each new link. */
  readonly admit = async (connection: Connection, replicas: number): Promise<void> => {
    const { name, folder: path, facts, hasDatabase, leaseMs, log } = this.#options;
    const folder = await FolderIdentity.open(path);
    const [incarnation, clock] = [this.#incarnation, systemClock];
    const applicant = { name, incarnation, folder, hasDatabase, facts, leaseMs, clock, log, replicas };
    this.#seat = await admit(connection, applicant);
  };

  /** What keeps the place, to be started right after the link and before anything that works for the cluster. */
  children(): ChildSpec[] {
    const { log, onExpelled } = this.#options;
    const { view } = this;
    const seat = () => this.seat;
    return [
      {
        id: 'membership',
        start: actor(
          membership,
          { seat, view, farewell: this.#farewell, onExpelled, log },
          { name: membershipName },
        ),
      },
      { id: 'leadership', start: actor(leadership, { seat, view, log }, { name: leadershipName }) },
      { id: 'failure-detector', start: actor(failureDetector, { seat, view, log }) },
    ];
  }

  readonly #farewell = (): Pick<Departure, 'how' | 'why'> => {
    const failure = this.#options.failure();
    return failure === undefined
      ? { how: 'stopped' }
      : { how: 'failed', why: failure.message.slice(0, 1_000) };
  };

  /** Says so afterwards, where the parts of the node were ended before it was known. */
  async explain(connect: Pick<ConnectOptions, 'url' | 'credentials'>): Promise<void> {
    const { name, log } = this.#options;
    try {
      const { self } = this.seat;
      const connection = await Connection.open({ ...connect, role: 'node', name, timeoutMs: 1_000 });
      try {
        const records = await openClusterRecords(connection);
        await noteDeparture({ records, self }, { ...this.#farewell(), at: Date.now() });
      } finally {
        await connection.close();
      }
    } catch (error) {
      log.debug({ fault: Fault.from(error).toWire() }, 'the cluster was not told why this node ended');
    }
  }
}
