import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { headerBytes, photoBytesCeiling } from './envelope.ts';
import { isNotFound } from './nats-faults.ts';
import { subjects, wildcardOf } from './subjects.ts';

/** Names in the JetStream of the cluster. */
export const names = {
  photos: 'AUTOTAG_PHOTOS',
  taggers: 'taggers',
  deadLetters: 'AUTOTAG_DEAD',
  attempts: 'autotag-attempts',
  tasks: 'AUTOTAG_TASKS',
  runners: 'runners',
  taskRecords: 'autotag-tasks',
  runs: 'autotag-runs',
  topologies: 'autotag-topologies',
  schedules: 'autotag-schedules',
  blobs: 'autotag-blobs',
  bundles: 'autotag-bundles',
  cluster: 'autotag-cluster',
} as const;

const shrinkMargin = 32 * 1024 * 1024;

/** Settings of the photos stream and its consumer. */
export interface PhotoStreamOptions {
  /** Lease on a delivered photo. Default 10000 ms. */
  readonly ackWaitMs?: number;
  /** Photos under lease in the whole cluster: about twice its slots. Default 64. */
  readonly maxAckPending?: number;
  /** The queue refuses photos beyond; -1 is no limit. Without it the limit that is in force stays. */
  readonly maxBytes?: number | undefined;
  /** Default 24 MiB. */
  readonly maxPhotoBytes?: number;
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
  /** Two submits of one photo within are one. Default 120000 ms. */
  readonly duplicateWindowMs?: number;
}

/** Configuration of the stream of photos (a work queue: an acknowledged photo is gone). */
export function photoStreamConfig(options: PhotoStreamOptions): Partial<StreamConfig> {
  return {
    subjects: [subjects.submit.pattern],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    num_replicas: options.replicas ?? 1,
    discard: DiscardPolicy.New,
    ...limitOf(options),
    max_msg_size: (options.maxPhotoBytes ?? photoBytesCeiling) + headerBytes,
    duplicate_window: nanos(options.duplicateWindowMs ?? 120_000),
    // Photos are read back by sequence, raw, when they become dead letters.
    allow_direct: true,
  };
}

/** Configuration of the one consumer that all nodes pull from. */
export function photoConsumerConfig(options: PhotoStreamOptions): Partial<ConsumerConfig> {
  return {
    durable_name: names.taggers,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitMs ?? 10_000),
    // Attempts are counted by us: the server also counts deliveries that nobody worked on.
    max_deliver: -1,
    max_ack_pending: options.maxAckPending ?? 64,
  };
}

/** Configuration of the dead letters: kept until somebody decides. */
export function deadLetterStreamConfig(options: {
  readonly maxBytes?: number | undefined;
  readonly replicas?: number | undefined;
}): Partial<StreamConfig> {
  return {
    subjects: [wildcardOf('buried')],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: options.replicas ?? 1,
    discard: DiscardPolicy.New,
    max_age: 0,
    ...limitOf(options),
    duplicate_window: nanos(120_000),
    allow_direct: true,
  };
}

// A node that uses somebody else's server does not know how much that may store.
function limitOf({ maxBytes }: { readonly maxBytes?: number | undefined }): Partial<StreamConfig> {
  return maxBytes === undefined ? {} : { max_bytes: maxBytes };
}

/** Creates a stream, or changes what differs from `wanted`; replicas are added, and never taken away. */
export async function ensureStream(
  manager: JetStreamManager,
  name: string,
  wanted: Partial<StreamConfig>,
): Promise<StreamInfo> {
  const found = await orMissing(manager.streams.info(name));
  if (found === undefined) return await manager.streams.add({ ...wanted, name });
  const safe = { ...wanted, ...safeMaxBytes(found, wanted), ...safeReplicas(found, wanted) };
  if (agrees(found.config, safe)) return found;
  return await manager.streams.update(name, { ...found.config, ...safe });
}

/**
 * The limit to set where `wanted` is asked for: never less than what is stored and may be stored until the change is
 * made, since old servers (2.9) make room by deleting accepted messages.
 */
function safeMaxBytes(
  { state, config }: StreamInfo,
  { max_bytes: wanted }: Partial<StreamConfig>,
): Partial<StreamConfig> {
  if (wanted === undefined) return {};
  if (wanted < 0 || (config.max_bytes >= 0 && config.max_bytes <= wanted)) return { max_bytes: wanted };
  return { max_bytes: Math.max(wanted, state.bytes + shrinkMargin) };
}

// A node that sees fewer servers than another one did must not undo what that one did.
function safeReplicas(
  { config }: StreamInfo,
  { num_replicas: wanted }: Partial<StreamConfig>,
): Partial<StreamConfig> {
  return wanted === undefined ? {} : { num_replicas: Math.max(wanted, config.num_replicas) };
}

/** Creates the durable consumer of a stream, or changes what differs from `wanted`. */
export async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  wanted: Partial<ConsumerConfig> & { readonly durable_name?: string },
): Promise<void> {
  const name = wanted.durable_name ?? '';
  const found = await orMissing(manager.consumers.info(stream, name));
  if (found === undefined) await manager.consumers.add(stream, wanted);
  else if (!agrees(found.config, wanted))
    await manager.consumers.update(stream, name, { ...found.config, ...wanted });
}

/** The promise's value, or `undefined` if the server says that there is no such thing. */
export async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** When the first message of a stream was stored, ms since the epoch; `undefined` if there is none. */
export function oldestOf({ messages, first_ts: stored }: StreamInfo['state']): number | undefined {
  return messages === 0 ? undefined : Date.parse(stored);
}

// Servers add fields of their own to a configuration: only what we ask for counts.
function agrees(found: object, wanted: object): boolean {
  const actual = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(actual.get(key) ?? 0) === JSON.stringify(value),
  );
}
