import type { Threads } from '../../actors/prepare-threads.ts';
import type { RunBlobs } from '../../actors/run-blobs.ts';
import type { RunFolders } from '../../actors/run-folders.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { NodeOptions } from '../base/options.ts';
import type { RecentLines } from '../base/recent-lines.ts';
import type { AuditLog } from '../cluster/audit-log.ts';
import type { ClusterPlace } from '../cluster/cluster-place.ts';
import type { ActiveModel } from '../pool/active-model.ts';
import type { JobPool } from '../pool/job-pool.ts';
import type { ActorName, ActorSystem } from '../runtime/index.ts';
import type { NodeStores } from './stores.ts';

/** What a node has before it is admitted to its cluster. */
export interface NodeBelongings {
  readonly options: NodeOptions;
  /** The data folder. */
  readonly folder: string;
  readonly folders: {
    /** Models as they are in the registry. */
    readonly models: string;
    /** Models that are being sent or made. */
    readonly incoming: string;
    /** Bundles that are unpacked. */
    readonly bundles: string;
    /** Bundles that are being tried. */
    readonly trials: string;
  };
  readonly system: ActorSystem;
  readonly log: Log;
  readonly recent: RecentLines;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly models: ActiveModel;
  readonly stores: NodeStores;
  readonly blobs: RunBlobs;
  readonly runFolders: RunFolders;
  readonly place: ClusterPlace;
  readonly threads: Threads;
  readonly jobs: JobPool;
  /** For what somebody waits for: it has no runs. */
  readonly answers: JobPool;
  /** Largest queue of photos on this node's own nats-server, if it has one. */
  readonly queueBytes: number | undefined;
}

/** Whether the node takes photos: from the stream, and what is asked about them. */
export function takesPhotos({ takes }: NodeOptions): boolean {
  return takes !== 'tasks';
}

/** Whether the node takes tasks of runs. */
export function takesTasks({ takes }: NodeOptions): boolean {
  return takes !== 'photos';
}

/** Whether this node has the results of the cluster: it alone, or all that use their database. */
export function hasStores({ place }: NodeBelongings): boolean {
  const { at } = place.seat.store;
  return at === 'own' || at === 'shared';
}

/** Whether this is the one node that has the runs of the cluster. */
export function coordinatesRuns({ place }: NodeBelongings): boolean {
  return place.seat.store.at === 'own';
}

/** Lines that name the actor, for what logs on its behalf. */
export function logOf({ log }: NodeBelongings, { name }: ActorName<never>): Log {
  return log.child({ actor: name });
}
