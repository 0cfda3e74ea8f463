import type { Credentials } from './address.ts';
import { Activations } from './activations.ts';
import { Attempts } from './attempts.ts';
import { Connection } from './connection.ts';
import type { ConnectionEvent } from './connection.ts';
import { DeadLetters } from './dead-letters.ts';
import { PhotoQueue } from './photo-queue.ts';
import type { PhotoStreamOptions } from './photo-stream.ts';
import { ResultPublisher } from './result-publisher.ts';

/** How a node connects. */
export interface NodeLinkOptions extends PhotoStreamOptions {
  readonly url: string;
  /** Name of the node. */
  readonly name: string;
  readonly credentials?: Credentials | undefined;
  /** The dead letters take no more beyond; default -1, no limit. */
  readonly maxDeadLetterBytes?: number;
  readonly onEvent?: (event: ConnectionEvent) => void;
}

/** A node's connection, and everything that it keeps in JetStream. */
export interface NodeLink {
  readonly connection: Connection;
  readonly queue: PhotoQueue;
  readonly attempts: Attempts;
  readonly deadLetters: DeadLetters;
  readonly activations: Activations;
  readonly results: ResultPublisher;
}

/**
 * Connects a node; creates its streams and buckets where they are missing.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `INSECURE_LISTEN`, `DISK_RESERVE`
 */
export async function openNodeLink(options: NodeLinkOptions): Promise<NodeLink> {
  const connection = await Connection.open({ ...options, role: 'node' });
  try {
    const replicas = options.replicas ?? 1;
    const maxBytes = options.maxDeadLetterBytes ?? -1;
    const [queue, attempts, deadLetters, activations] = await Promise.all([
      PhotoQueue.open(connection, options),
      Attempts.open(connection, { replicas }),
      DeadLetters.open(connection, { replicas, maxBytes }),
      Activations.open(connection, { replicas }),
    ]);
    return {
      connection,
      queue,
      attempts,
      deadLetters,
      activations,
      results: new ResultPublisher(connection),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
