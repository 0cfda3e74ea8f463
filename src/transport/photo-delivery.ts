import type { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage } from './durable-consumer.ts';
import { openEnvelope, type Envelope } from './envelope.ts';
import { Lease } from './lease.ts';

/** One photo under lease. */
export class PhotoDelivery extends Lease implements Envelope {
  readonly id: string;
  readonly file: string | undefined;
  readonly owner: string | undefined;
  readonly client: string | undefined;
  readonly rerun: number;
  readonly top: number;
  readonly fault: Fault | undefined;
  /** The photo, alone in an ArrayBuffer of exactly its size: transferable to a thread, after which it is empty. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** When that stream was created, ms since the epoch. */
  readonly epoch: number;

  /** Made by the puller; `onSettled` is called once, when the owner has finished with it. */
  constructor(connection: Connection, message: DeliveredMessage, epoch: number, onSettled: () => void) {
    super(connection, message, onSettled);
    // The client's payload is a view on a larger buffer: the one copy of a photo's way through this process.
    this.bytes = new Uint8Array(message.payload);
    const envelope = openEnvelope(message.header, this.bytes);
    this.id = envelope.id;
    this.file = envelope.file;
    this.owner = envelope.owner;
    this.client = envelope.client;
    this.rerun = envelope.rerun;
    this.top = envelope.top;
    this.fault = envelope.fault;
    this.epoch = epoch;
  }
}
