import { z } from 'zod';
import type { Connection } from './connection.ts';
import { JsonBucket } from './json-bucket.ts';
import { names } from './photo-stream.ts';

const nodeName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
const id = z.string().min(1).max(64);

/** Which cluster this is. More is let through: a newer version may say more of itself. */
const clusterIdentity = z.looseObject({
  /** Random, made by the first node. */
  cluster: id,
  /** What its nodes tell each other, and how. */
  protocol: z.int().min(1),
});
/** See {@link clusterIdentity}. */
export type ClusterIdentity = z.infer<typeof clusterIdentity>;

/** One process's right to something exclusive, for as long as it renews it. */
const leaseRecord = z.object({
  /** The process: random, another one after each start. */
  holder: id,
  /** Its node. */
  node: nodeName,
  /** Id of its data folder: of two processes with one, only the later one can be running. */
  folder: id,
  /** How long it may go without being renewed. */
  leaseMs: z.number().positive(),
  /** Rises each time that another process takes the lease, so that what is written under it can be put in order. */
  term: z.int().min(1),
  /** Not any more when it was released, or has been found expired. */
  held: z.boolean(),
});
/** See {@link leaseRecord}. */
export type LeaseRecord = z.infer<typeof leaseRecord>;

/** How a node left. */
const departure = z.object({
  /** `stopped`: it was told to. `failed`: it ended itself, and says why. `lost`: it was not heard of. */
  how: z.enum(['stopped', 'failed', 'lost']),
  /** ms since the epoch, by the clock of whoever wrote it: for people */
  at: z.number(),
  why: z.string().max(1_000).optional(),
});
/** See {@link departure}. */
export type Departure = z.infer<typeof departure>;

/** What a node says of itself. */
const nodeRecord = z.object({
  /** The process, as in {@link leaseRecord}. */
  incarnation: id,
  /** Of Autotag. */
  version: z.string().max(64),
  protocol: z.int().min(1),
  /** ms since the epoch */
  startedAt: z.number(),
  takes: z.enum(['all', 'photos', 'tasks']),
  /** Worker threads for photos; 0 where it takes none. */
  threads: z.int().min(0),
  /** Threads for tasks; 0 where it takes none. */
  jobThreads: z.int().min(0),
  /** Whether it has the runs of the cluster, and the results unless these are in a database. */
  holdsStore: z.boolean(),
  /** Whether it uses a database that has the results. */
  sharesStore: z.boolean().optional(),
  /** Only of a node that is gone. */
  left: departure.optional(),
  /** How it left before it came again. */
  leftBefore: departure.optional(),
});
/** See {@link nodeRecord}. */
export type NodeRecord = z.infer<typeof nodeRecord>;

/** Which node has the runs, and the results unless these are in a database: no lease, as its data stays there. */
const storePlace = z.object({
  node: nodeName,
  folder: id,
  /** Whether the results are in a database, which any node may use. */
  shared: z.boolean().default(false),
});

/** Keys in the bucket of the cluster. */
export const clusterKeys = {
  identity: 'identity',
  store: 'store',
  leader: 'leader',
  nodes: 'node.*',
  node: (name: string) => `node.${name}`,
  /** Renewed all the time, and so apart from what a node says of itself, which everybody watches. */
  leases: 'lease.*',
  lease: (name: string) => `lease.${name}`,
} as const;

/** What the nodes of a cluster know of each other, in one bucket of JetStream KV. */
export interface ClusterRecords {
  readonly identity: JsonBucket<ClusterIdentity>;
  readonly leases: JsonBucket<LeaseRecord>;
  readonly nodes: JsonBucket<NodeRecord>;
  readonly store: JsonBucket<z.infer<typeof storePlace>>;
}

/**
 * Opens the bucket, or creates it.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
 */
export async function openClusterRecords(
  connection: Connection,
  options: { readonly replicas?: number } = {},
): Promise<ClusterRecords> {
  const open = <T>(schema: z.ZodType<T>) => JsonBucket.open(connection, names.cluster, schema, options);
  return {
    identity: await open(clusterIdentity),
    leases: await open(leaseRecord),
    nodes: await open(nodeRecord),
    store: await open(storePlace),
  };
}
