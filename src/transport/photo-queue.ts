import type { JetStreamManager } from 'nats';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { DurableConsumer, type DeliveredMessage } from './durable-consumer.ts';
import { PhotoDelivery } from './photo-delivery.ts';
import {
  ensureConsumer,
  ensureStream,
  names,
  orMissing,
  photoConsumerConfig,
  photoStreamConfig,
  type PhotoStreamOptions,
} from './photo-stream.ts';
import { Puller, type PullOptions } from './puller.ts';

/** What waits in the queue. */
export interface QueueStatus {
  /** Photos stored and not yet done, those under lease included. */
  readonly photos: number;
  readonly bytes: number;
  /** -1 is no limit. */
  readonly maxBytes: number;
  /** Photos that nobody has taken yet. */
  readonly waiting: number;
  /** Photos under lease, or handed back and not yet taken again. */
  readonly inFlight: number;
  /** Those of them that were delivered more than once. */
  readonly redelivered: number;
  /** Number of the last photo that was stored. */
  readonly lastSequence: number;
  /** Number of the first photo that is still there. */
  readonly firstSequence: number;
  /** Deliveries since the consumer was made. */
  readonly deliveries: number;
  /** All photos up to this number are done, as far as the consumer knows. */
  readonly doneUpTo: number;
}

/**
 * Whether two looks at the queue, some time apart, show that the server has lost track of what is done, which it never
 * finds again by itself; see {@link PhotoQueue.deliverAgain}.
 *
 * Either photos are there that the consumer has long left behind, or nothing moves and yet not every photo is waiting or in flight.
 */
export function hasLostTrack(before: QueueStatus, now: QueueStatus): boolean {
  if ([before, now].every((look) => look.photos > 0 && look.firstSequence <= look.doneUpTo)) return true;
  const counts = ['photos', 'lastSequence', 'deliveries', 'doneUpTo'] as const;
  const rests = counts.every((count) => before[count] === now[count]);
  return rests && now.photos !== now.waiting + now.inFlight;
}

/** A node's side of the queue: the stream of photos and the consumer that all nodes share. */
export class PhotoQueue {
  readonly connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #consumer: DurableConsumer;
  #options: PhotoStreamOptions;
  #epoch = 0;

  private constructor(connection: Connection, manager: JetStreamManager, options: PhotoStreamOptions) {
    this.connection = connection;
    this.#manager = manager;
    this.#options = options;
    this.#consumer = new DurableConsumer(async () => {
      await this.#ensure();
      return await clientOf(connection).jetstream().consumers.get(names.photos, names.taggers);
    });
  }

  /**
   * Creates the stream and its consumer, or changes what differs from the options.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` (no room for the stream)
   */
  static async open(connection: Connection, options: PhotoStreamOptions = {}): Promise<PhotoQueue> {
    try {
      const manager = await clientOf(connection).jetstreamManager({ checkAPI: false });
      const queue = new PhotoQueue(connection, manager, options);
      await queue.#ensure();
      return queue;
    } catch (error) {
      throw connection.fault(error, names.photos);
    }
  }

  /** When the stream was created, ms since the epoch: with a sequence it names a submit for ever. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Starts pulling: `onPhoto` gets each photo, at most `window` of them not yet settled. It must not throw.
   * Settling a photo (ack, retry, terminate, abandon) gives its place back.
   */
  pull(onPhoto: (photo: PhotoDelivery) => void, options: PullOptions): Puller<PhotoDelivery> {
    const source = {
      connection: this.connection,
      consumer: this.#consumer,
      what: 'the queue of photos',
      open: (message: DeliveredMessage, onSettled: () => void) =>
        new PhotoDelivery(this.connection, message, this.#epoch, onSettled),
    };
    return new Puller(source, onPhoto, options);
  }

  /**
   * Counts of the queue, now.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async status(): Promise<QueueStatus> {
    // In this order: what the consumer has behind it now must be gone from the stream a moment later.
    const consumer = await this.#try(this.#manager.consumers.info(names.photos, names.taggers));
    const { state, config } = await this.#try(this.#manager.streams.info(names.photos));
    return {
      photos: state.messages,
      bytes: state.bytes,
      maxBytes: config.max_bytes,
      waiting: consumer.num_pending,
      inFlight: consumer.num_ack_pending,
      redelivered: consumer.num_redelivered,
      lastSequence: state.last_seq,
      firstSequence: state.first_seq,
      deliveries: consumer.delivered.consumer_seq,
      doneUpTo: consumer.ack_floor.stream_seq,
    };
  }

  /**
   * Changes how many bytes the queue takes; what was accepted stays, so a limit below it is set a little above it.
   * -1 is no limit.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async limit(maxBytes: number): Promise<void> {
    this.#options = { ...this.#options, maxBytes: maxBytes < 0 ? -1 : Math.max(maxBytes, 1) };
    await this.#try(ensureStream(this.#manager, names.photos, photoStreamConfig(this.#options)));
  }

  /**
   * Has every photo of the queue delivered again, those under lease included.
   *
   * A server that was killed may have forgotten that acknowledged photos were removed and yet remember the
   * acknowledgements, or the other way round (nats-server 2.9 does): such photos would fill the queue for ever, or hide those
   * that do. A new consumer knows of neither.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async deliverAgain(): Promise<void> {
    await this.#try(orMissing(this.#manager.consumers.delete(names.photos, names.taggers)));
    await this.#try(this.#ensure());
  }

  async #ensure(): Promise<void> {
    const stream = await ensureStream(this.#manager, names.photos, photoStreamConfig(this.#options));
    await ensureConsumer(this.#manager, names.photos, photoConsumerConfig(this.#options));
    this.#epoch = Date.parse(stream.created);
  }

  async #try<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.connection.orBroken(answer);
    } catch (error) {
      throw this.connection.fault(error, names.photos);
    }
  }
}
