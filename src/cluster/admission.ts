import { delay } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { clusterKeys, openClusterRecords } from '../transport/cluster-records.ts';
import type { ClusterIdentity, ClusterRecords, NodeRecord } from '../transport/cluster-records.ts';
import type { Connection } from '../transport/connection.ts';
import { KeyLease, type LeaseHolder, type LeaseTimes } from '../transport/key-lease.ts';
import type { FolderIdentity } from './folder-identity.ts';
import { claimStore, findStore, type StorePlace } from './store-claim.ts';

/** What nodes tell each other, and how; raised when nodes of before and after do not understand each other. */
export const clusterProtocol = 1;

/** What a node says of itself, besides what the cluster gives it. */
export type NodeFacts = Pick<NodeRecord, 'version' | 'takes' | 'threads' | 'jobThreads'>;

/** Who asks to be admitted. */
export interface Applicant extends LeaseTimes {
  readonly name: string;
  /** This process: random. */
  readonly incarnation: string;
  readonly folder: FolderIdentity;
  /** Whether it has been given a database for results. */
  readonly hasDatabase: boolean;
  readonly facts: NodeFacts;
  readonly log: Log;
  /** Of the bucket, where it has to be made. */
  readonly replicas: number;
}

/** The place of an admitted node in its cluster. */
export interface Seat {
  readonly cluster: string;
  readonly self: LeaseHolder;
  readonly facts: NodeFacts;
  readonly times: LeaseTimes;
  readonly records: ClusterRecords;
  readonly connection: Connection;
  /** The right to the name of the node, taken. */
  readonly lease: KeyLease;
  readonly store: StorePlace;
}

/**
 * Admits a node to the cluster behind a connection, before it touches anything else of it.
 *
 * A cluster that has no identity, since it is new or its NATS store was wiped, gets that of the first data folder that comes. The
 * same node is let in again at once after a crash; another one of its name waits for the lease to expire.
 * @throws Fault `CLUSTER_VERSION`, `CLUSTER_OTHER`, `NODE_NAME_TAKEN`, `RECORD_UNREADABLE`; `DATA_FOLDER`, `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
 */
export async function admit(connection: Connection, applicant: Applicant): Promise<Seat> {
  const { name, incarnation, folder, hasDatabase, facts, log, replicas, ...times } = applicant;
  const records = await openClusterRecords(connection, { replicas });
  const { cluster, protocol } = await identify(records, folder, log);
  if (protocol !== clusterProtocol)
    throw new Fault('CLUSTER_VERSION', { found: protocol, own: clusterProtocol });
  if (folder.cluster !== undefined && folder.cluster !== cluster) {
    const { url } = connection;
    throw new Fault('CLUSTER_OTHER', { folder: folder.folder, own: folder.cluster, url, found: cluster });
  }
  const self: LeaseHolder = { holder: incarnation, node: name, folder: folder.id };
  const lease = new KeyLease({ ...times, bucket: records.leases, key: clusterKeys.lease(name), self });
  await takeName(lease, name, times);
  await folder.join(cluster);
  const store = await placeOfResults(records, self, { facts, hasDatabase, log });
  return { cluster, self, facts, times, records, connection, lease, store };
}

async function placeOfResults(
  records: ClusterRecords,
  self: LeaseHolder,
  { facts, hasDatabase, log }: Pick<Applicant, 'facts' | 'hasDatabase' | 'log'>,
): Promise<StorePlace> {
  if (facts.takes === 'tasks') return await findStore(records, self);
  const place = await claimStore(records, { ...self, hasDatabase });
  if (hasDatabase && place.at === 'other')
    log.warn(
      { node: place.node },
      'the database is not used: the node that has the results keeps them in files',
    );
  return place;
}

async function identify(
  { identity }: Pick<ClusterRecords, 'identity'>,
  folder: FolderIdentity,
  log: Log,
): Promise<Pick<ClusterIdentity, 'cluster' | 'protocol'>> {
  const { identity: key } = clusterKeys;
  const found = await identity.get(key);
  if (found !== undefined) return found.value;
  const own = { cluster: folder.cluster ?? randomId(), protocol: clusterProtocol };
  if ((await identity.put(key, own, 0)) !== undefined) {
    if (folder.cluster !== undefined)
      log.warn(
        { cluster: own.cluster },
        'the NATS store is new: it is given to the cluster of the data folder',
      );
    return own;
  }
  // Another node was first.
  return await identify({ identity }, folder, log);
}

/** Waits for the lease of a node that may be gone; one that renews it is not. */
async function takeName(lease: KeyLease, name: string, { clock, leaseMs }: LeaseTimes): Promise<void> {
  const first = await lease.step();
  for (let other = first; other !== undefined; other = await lease.step()) {
    if (other.revision !== first?.revision) throw new Fault('NODE_NAME_TAKEN', { name });
    await delay(clock, leaseMs / 6);
  }
}
