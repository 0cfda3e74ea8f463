import type { ConsumerConfig, JetStreamManager, StreamConfig } from 'nats';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { DurableConsumer, type DeliveredMessage } from './durable-consumer.ts';
import type { Lease } from './lease.ts';
import { ensureConsumer, ensureStream, oldestOf, orMissing } from './photo-stream.ts';
import { Puller, type PullOptions } from './puller.ts';

/** What waits in a queue. */
export interface QueueStatus {
  /** Messages stored and not yet done, those under lease included. */
  readonly messages: number;
  readonly bytes: number;
  /** -1 is no limit. */
  readonly maxBytes: number;
  /** Messages that nobody has taken yet. */
  readonly waiting: number;
  /** Messages under lease, or handed back and not yet taken again. */
  readonly inFlight: number;
  /** Those of them that were delivered more than once. */
  readonly redelivered: number;
  /** Number of the last message that was stored. */
  readonly lastSequence: number;
  /** Number of the first message that is still there. */
  readonly firstSequence: number;
  /** Deliveries since the consumer was made. */
  readonly deliveries: number;
  /** All messages up to this number are done, as far as the consumer knows. */
  readonly doneUpTo: number;
  /** When the first message that is still there was stored, the server's wall time, ms since the epoch. */
  readonly oldestAt: number | undefined;
}

/**
 * Whether two looks at a queue, some time apart, show that the server has lost track of what is done, which it never
 * finds again by itself; see {@link WorkQueue.deliverAgain}.
 *
 * Either messages are there that the consumer has long left behind, or nothing moves and yet not every one is waiting or in flight.
 */
export function hasLostTrack(before: QueueStatus, now: QueueStatus): boolean {
  if ([before, now].every((look) => look.messages > 0 && look.firstSequence <= look.doneUpTo)) return true;
  const counts = ['messages', 'lastSequence', 'deliveries', 'doneUpTo'] as const;
  const rests = counts.every((count) => before[count] === now[count]);
  return rests && now.messages !== now.waiting + now.inFlight;
}

/** What a work queue consists of. */
export interface WorkQueueParts {
  readonly stream: Partial<StreamConfig> & { readonly name: string };
  readonly consumer: Partial<ConsumerConfig> & { readonly durable_name: string };
}

/** A node's side of a work queue: a stream whose messages go once they are done, and the one consumer that all nodes share. */
export abstract class WorkQueue<Delivery extends Lease> {
  readonly connection: Connection;
  protected readonly manager: JetStreamManager;
  readonly #consumer: DurableConsumer;
  #parts: WorkQueueParts;
  #epoch = 0;

  protected constructor(connection: Connection, manager: JetStreamManager, parts: WorkQueueParts) {
    this.connection = connection;
    this.manager = manager;
    this.#parts = parts;
    this.#consumer = new DurableConsumer(async () => {
      await this.#ensure();
      const { stream, consumer } = this.#parts;
      return await clientOf(connection).jetstream().consumers.get(stream.name, consumer.durable_name);
    });
  }

  /** Makes a delivery of a message; `onSettled` is for its lease. */
  protected abstract delivered(message: DeliveredMessage, onSettled: () => void): Delivery;

  /** When the stream was created, ms since the epoch: with a sequence it names a message for ever. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Starts pulling: `onDelivery` gets each message, at most `window` of them not yet settled. It must not throw.
   * Settling one (ack, retry, terminate, abandon) gives its place back.
   */
  pull(onDelivery: (delivery: Delivery) => void, options: PullOptions): Puller<Delivery> {
    const source = {
      connection: this.connection,
      consumer: this.#consumer,
      what: `the queue ${this.#parts.stream.name}`,
      open: (message: DeliveredMessage, onSettled: () => void) => this.delivered(message, onSettled),
    };
    return new Puller(source, onDelivery, options);
  }

  /**
   * Counts of the queue, now.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async status(): Promise<QueueStatus> {
    const { stream, consumer } = this.#parts;
    // In this order: what the consumer has behind it now must be gone from the stream a moment later.
    const seen = await this.try(this.manager.consumers.info(stream.name, consumer.durable_name));
    const { state, config } = await this.try(this.manager.streams.info(stream.name));
    return {
      messages: state.messages,
      bytes: state.bytes,
      maxBytes: config.max_bytes,
      waiting: seen.num_pending,
      inFlight: seen.num_ack_pending,
      redelivered: seen.num_redelivered,
      lastSequence: state.last_seq,
      firstSequence: state.first_seq,
      deliveries: seen.delivered.consumer_seq,
      doneUpTo: seen.ack_floor.stream_seq,
      oldestAt: oldestOf(state),
    };
  }

  /**
   * Has every message of the queue delivered again, those under lease included.
   *
   * A server that was killed may have forgotten that acknowledged messages were removed and yet remember the
   * acknowledgements, or the other way round (nats-server 2.9 does): such messages would fill the queue for ever, or hide those
   * that do. A new consumer knows of neither.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async deliverAgain(): Promise<void> {
    const { stream, consumer } = this.#parts;
    await this.try(orMissing(this.manager.consumers.delete(stream.name, consumer.durable_name)));
    await this.ensure();
  }

  /**
   * Creates the stream and its consumer, or changes what differs.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` (no room for the stream)
   */
  protected async ensure(parts: WorkQueueParts = this.#parts): Promise<void> {
    this.#parts = parts;
    await this.try(this.#ensure());
  }

  /** The answer, or a fault in place of what the client throws. */
  protected async try<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.connection.orBroken(answer);
    } catch (error) {
      throw this.connection.fault(error, this.#parts.stream.name);
    }
  }

  async #ensure(): Promise<void> {
    const { stream, consumer } = this.#parts;
    const { created } = await ensureStream(this.manager, stream.name, stream);
    await ensureConsumer(this.manager, stream.name, consumer);
    this.#epoch = Date.parse(created);
  }
}
