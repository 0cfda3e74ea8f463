import { Fault } from '../base/errors.ts';
import type { Credentials } from './address.ts';
import { Activations } from './activations.ts';
import { ApiTokens } from './api-tokens.ts';
import { Attempts } from './attempts.ts';
import { BlobExchange } from './blob-exchange.ts';
import { Bundles } from './bundles.ts';
import { Connection } from './connection.ts';
import type { ConnectionEvent } from './connection.ts';
import { DeadLetters } from './dead-letters.ts';
import { ModelRegistry } from './model-registry.ts';
import type { ModelRegistryOptions } from './model-registry.ts';
import { PhotoQueue } from './photo-queue.ts';
import type { PhotoStreamOptions } from './photo-stream.ts';
import { ResultPublisher } from './result-publisher.ts';
import { RunRecords } from './run-records.ts';
import { ScheduleRecords } from './schedule-records.ts';
import { TaskQueue } from './task-queue.ts';
import { TaskRecords } from './task-records.ts';
import { TopologyRecords } from './topology-records.ts';

/** How a node connects. */
export interface NodeLinkOptions extends PhotoStreamOptions {
  readonly url: string;
  /** Name of the node. */
  readonly name: string;
  readonly credentials?: Credentials | undefined;
  /** See `DeadLettersOptions.maxBytes`. */
  readonly maxDeadLetterBytes?: number | undefined;
  /** See `BlobExchangeOptions.maxBytes`. */
  readonly maxBlobBytes?: number | undefined;
  /** See {@link ModelRegistryOptions}. */
  readonly disk?: ModelRegistryOptions['disk'];
  readonly onEvent?: (event: ConnectionEvent) => void;
  /** Called before any stream is touched; what it throws ends the opening. */
  readonly admit?: (connection: Connection, replicas: number) => Promise<void>;
}

/** A node's connection, and everything that it keeps in JetStream. */
export interface NodeLink {
  readonly connection: Connection;
  readonly queue: PhotoQueue;
  readonly attempts: Attempts;
  readonly deadLetters: DeadLetters;
  readonly activations: Activations;
  readonly registry: ModelRegistry;
  readonly results: ResultPublisher;
  readonly tasks: TaskQueue;
  readonly taskRecords: TaskRecords;
  readonly runs: RunRecords;
  readonly exchange: BlobExchange;
  readonly topologies: TopologyRecords;
  readonly schedules: ScheduleRecords;
  readonly bundles: Bundles;
  readonly apiTokens: ApiTokens;
}

/** Of everything that a cluster of at least so many servers keeps: one of them may be lost. */
const copies = 3;
const electionMs = 20_000;
const pauseMs = 500;

/**
 * Connects a node; creates its streams and buckets where they are missing.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `INSECURE_LISTEN`, `DISK_RESERVE`, `REPLICAS`
 */
export async function openNodeLink(options: NodeLinkOptions): Promise<NodeLink> {
  const connection = await Connection.open({ ...options, role: 'node' });
  try {
    return await untilLed(connection, () => openParts(connection, options));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Servers that were just started, or have lost one of them, take some seconds to agree on who leads. */
async function untilLed<T>(connection: Connection, open: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + electionMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const { code } = Fault.from(error);
      const mayPass = code === 'NATS_UNREACHABLE' || code === 'REPLICAS';
      if (!mayPass || connection.servers === 1 || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

async function openParts(connection: Connection, options: NodeLinkOptions): Promise<NodeLink> {
  const replicas = options.replicas ?? (connection.servers >= copies ? copies : 1);
  await options.admit?.(connection, replicas);
  const [
    queue,
    attempts,
    deadLetters,
    activations,
    registry,
    tasks,
    taskRecords,
    runs,
    exchange,
    topologies,
    schedules,
    bundles,
    apiTokens,
  ] = await Promise.all([
    PhotoQueue.open(connection, { ...options, replicas }),
    Attempts.open(connection, { replicas }),
    DeadLetters.open(connection, { replicas, maxBytes: options.maxDeadLetterBytes }),
    Activations.open(connection, { replicas }),
    ModelRegistry.open(connection, { replicas, disk: options.disk }),
    TaskQueue.open(connection, { ...options, replicas }),
    TaskRecords.open(connection, { replicas }),
    RunRecords.open(connection, { replicas }),
    BlobExchange.open(connection, { replicas, maxBytes: options.maxBlobBytes }),
    TopologyRecords.open(connection, { replicas }),
    ScheduleRecords.open(connection, { replicas }),
    Bundles.open(connection, { replicas }),
    ApiTokens.open(connection, { replicas }),
  ]);
  return {
    connection,
    queue,
    attempts,
    deadLetters,
    activations,
    registry,
    results: new ResultPublisher(connection),
    tasks,
    taskRecords,
    runs,
    exchange,
    topologies,
    schedules,
    bundles,
    apiTokens,
  };
}
