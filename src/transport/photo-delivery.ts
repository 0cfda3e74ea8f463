import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { openEnvelope, type Envelope } from './envelope.ts';
import type { DeliveredMessage } from './photo-consumer.ts';

// The acknowledgement protocol of JetStream. Sent by us rather than through the client's message, because that one
// can confirm only once (a confirmation lost with a connection has to be asked for again) and keeps the photo alive.
const acknowledgement = '+ACK';
const termination = '+TERM';
const workInProgress = '+WPI';
const returned = (delayMs: number) =>
  delayMs > 0 ? `-NAK {"delay": ${String(Math.round(delayMs) * 1_000_000)}}` : '-NAK';

const confirmTimeoutMs = 2_000;
const confirmTries = 4;

/** One photo under lease, until it is acknowledged, returned, terminated or abandoned. */
export class PhotoDelivery implements Envelope {
  readonly id: string;
  readonly file: string | undefined;
  readonly client: string | undefined;
  readonly rerun: number;
  readonly top: number;
  readonly fault: Fault | undefined;
  /** The photo, alone in an ArrayBuffer of exactly its size: transferable to a thread, after which it is empty. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its number in the stream. */
  readonly sequence: number;
  /** When that stream was created, ms since the epoch. */
  readonly epoch: number;
  /** 1 for the first time. */
  readonly deliveryCount: number;
  /** When the stream stored it, ms since the epoch. */
  readonly submittedAt: number;
  readonly #connection: Connection;
  readonly #reply: string;
  readonly #onSettled: () => void;
  #settled = false;

  /** Made by the puller; `onSettled` is called once, when the owner has finished with it. */
  constructor(connection: Connection, message: DeliveredMessage, epoch: number, onSettled: () => void) {
    // The client's payload is a view on a larger buffer: the one copy of a photo's way through this process.
    this.bytes = new Uint8Array(message.payload);
    const envelope = openEnvelope(message.header, this.bytes);
    this.id = envelope.id;
    this.file = envelope.file;
    this.client = envelope.client;
    this.rerun = envelope.rerun;
    this.top = envelope.top;
    this.fault = envelope.fault;
    this.sequence = message.sequence;
    this.deliveryCount = message.deliveryCount;
    this.submittedAt = message.storedAt;
    this.epoch = epoch;
    this.#connection = connection;
    this.#reply = message.reply;
    this.#onSettled = onSettled;
  }

  /** Whether it was acknowledged, returned, terminated or abandoned. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Renews the lease; nothing once settled or while the connection is broken. */
  working(): void {
    if (!this.#settled) this.#send(workInProgress);
  }

  /**
   * Ends the photo: resolves when the server has confirmed that it is off the queue. Asked again if the connection breaks.
   * @throws Fault `NATS_UNREACHABLE` if nothing confirmed it; the photo may come again
   */
  async ack(): Promise<void> {
    if (this.#settle()) await this.#confirm(acknowledgement);
  }

  /**
   * Ends a photo that was buried as a dead letter.
   * @throws Fault `NATS_UNREACHABLE` as {@link ack}
   */
  async terminate(): Promise<void> {
    if (this.#settle()) await this.#confirm(termination);
  }

  /** Hands it back: delivered again, to anybody, after `delayMs`. If that is lost, its lease ends by itself. */
  retry(delayMs = 0): void {
    if (this.#settle()) this.#send(returned(delayMs));
  }

  /** Lets its lease run out. */
  abandon(): void {
    this.#settle();
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#onSettled();
    return true;
  }

  #send(word: string): void {
    if (this.#connection.connected) clientOf(this.#connection).publish(this.#reply, word);
  }

  async #confirm(word: string): Promise<void> {
    let last: Fault | undefined;
    for (let tries = 0; tries < confirmTries; tries++) {
      if (!(await this.#connection.untilConnected(confirmTimeoutMs))) continue;
      try {
        const answer = clientOf(this.#connection).request(this.#reply, word, { timeout: confirmTimeoutMs });
        await this.#connection.orBroken(answer);
        return;
      } catch (error) {
        last = this.#connection.fault(error, 'an acknowledgement');
        if (last.code !== 'NATS_UNREACHABLE') throw last;
      }
    }
    throw last ?? new Fault('NATS_UNREACHABLE', { url: this.#connection.url, reason: 'no connection' });
  }
}
