import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage } from './durable-consumer.ts';
import { PhotoDelivery } from './photo-delivery.ts';
import { names, photoConsumerConfig, photoStreamConfig, type PhotoStreamOptions } from './photo-stream.ts';
import { WorkQueue, type WorkQueueParts } from './work-queue.ts';

/** A node's side of the queue of photos. */
export class PhotoQueue extends WorkQueue<PhotoDelivery> {
  #options: PhotoStreamOptions = {};

  /**
   * Creates the stream and its consumer, or changes what differs from the options.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` (no room for the stream)
   */
  static async open(connection: Connection, options: PhotoStreamOptions = {}): Promise<PhotoQueue> {
    try {
      const manager = await clientOf(connection).jetstreamManager({ checkAPI: false });
      const queue = new PhotoQueue(connection, manager, partsOf(options));
      queue.#options = options;
      await queue.ensure();
      return queue;
    } catch (error) {
      throw connection.fault(error, names.photos);
    }
  }

  /**
   * Changes how many bytes the queue takes; what was accepted stays, so a limit below it is set a little above it.
   * -1 is no limit.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async limit(maxBytes: number): Promise<void> {
    this.#options = { ...this.#options, maxBytes: maxBytes < 0 ? -1 : Math.max(maxBytes, 1) };
    await this.ensure(partsOf(this.#options));
  }

  protected delivered(message: DeliveredMessage, onSettled: () => void): PhotoDelivery {
    return new PhotoDelivery(this.connection, message, this.epoch, onSettled);
  }
}

function partsOf(options: PhotoStreamOptions): WorkQueueParts {
  return {
    stream: { ...photoStreamConfig(options), name: names.photos },
    consumer: { ...photoConsumerConfig(options), durable_name: names.taggers },
  };
}
