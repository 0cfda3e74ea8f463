import { pauseMs } from '../base/backoff.ts';
import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage } from './durable-consumer.ts';

// The acknowledgement protocol of JetStream. Sent by us rather than through the client's message, because that one
// can confirm only once (a confirmation lost with a connection has to be asked for again) and keeps the message alive.
const acknowledgement = '+ACK';
const termination = '+TERM';
const workInProgress = '+WPI';
const returned = (delayMs: number) =>
  delayMs > 0 ? `-NAK {"delay": ${String(Math.round(delayMs) * 1_000_000)}}` : '-NAK';

const confirmTimeoutMs = 2_000;
const confirmTries = 4;

const handBack = { initialMs: 100, maxMs: 30_000 };

/**
 * How long a message that was delivered so often waits when it is handed back: not at all the first time, then longer and longer,
 * so that one which nobody can take, such as while a bolt is away, does not go round as fast as messages go.
 */
export function handBackPauseMs(deliveryCount: number): number {
  return deliveryCount < 2 ? 0 : pauseMs(handBack, deliveryCount - 2);
}

/** One message under lease, until it is acknowledged, returned, terminated or abandoned. */
export class Lease {
  /** Its number in the stream. */
  readonly sequence: number;
  /** 1 for the first time. */
  readonly deliveryCount: number;
  /** When the stream stored it, ms since the epoch. */
  readonly submittedAt: number;
  readonly #connection: Connection;
  readonly #reply: string;
  readonly #onSettled: () => void;
  #settled = false;

  /** `onSettled` is called once, when the owner has finished with it. */
  constructor(
    connection: Connection,
    { sequence, deliveryCount, storedAt, reply }: Omit<DeliveredMessage, 'payload' | 'header'>,
    onSettled: () => void,
  ) {
    this.sequence = sequence;
    this.deliveryCount = deliveryCount;
    this.submittedAt = storedAt;
    this.#connection = connection;
    this.#reply = reply;
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
   * Ends the message: resolves when the server has confirmed that it is off the queue. Asked again if the connection breaks.
   * @throws Fault `NATS_UNREACHABLE` if nothing confirmed it; it may come again
   */
  async ack(): Promise<void> {
    if (this.#settle()) await this.#confirm(acknowledgement);
  }

  /**
   * Ends a message that nobody is to get again.
   * @throws Fault `NATS_UNREACHABLE` as {@link ack}
   */
  async terminate(): Promise<void> {
    if (this.#settle()) await this.#confirm(termination);
  }

  /**
   * Hands it back: delivered again, to anybody, after `delayMs`. If that is lost, its lease ends by itself.
   * @param delayMs - default {@link handBackPauseMs}
   */
  retry(delayMs = handBackPauseMs(this.deliveryCount)): void {
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
