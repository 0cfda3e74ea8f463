import { ConsumerEvents } from 'nats';
import type { Consumer, ConsumerMessages, JsMsg } from 'nats';
import { z } from 'zod';

/** A message as the server delivered it under lease. */
export interface DeliveredMessage {
  /** Where its acknowledgement goes. */
  readonly reply: string;
  readonly header: (name: string) => string;
  /** A view on a larger buffer of the client. */
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly deliveryCount: number;
  /** ms since the epoch */
  readonly storedAt: number;
}

/** One pull request: its messages, until their number, its time, or {@link stop} ends it. */
export interface Pull extends AsyncIterable<DeliveredMessage> {
  stop(): void;
}

const pullMs = 20_000;
const heartbeatMs = 5_000;

const withReply = z.object({ reply: z.string().startsWith('$JS.ACK.') });

/** A durable consumer, found again after it was lost. */
export class DurableConsumer {
  readonly #find: () => Promise<Consumer>;
  #found: Promise<Consumer> | undefined;

  /** `find` gets the consumer, and creates what is missing. */
  constructor(find: () => Promise<Consumer>) {
    this.#find = find;
  }

  /** Asks for `count` messages. */
  async pull(count: number): Promise<Pull> {
    this.#found ??= this.#find();
    const consumer = await this.#found;
    const messages = await consumer.fetch({
      max_messages: count,
      expires: pullMs,
      idle_heartbeat: heartbeatMs,
    });
    void endWhenLost(messages);
    return {
      [Symbol.asyncIterator]: () => deliver(messages),
      stop: () => {
        messages.stop();
      },
    };
  }

  /** Forgets the consumer, so that the next pull finds it, or creates it, again. */
  reset(): void {
    this.#found = undefined;
  }
}

async function* deliver(messages: ConsumerMessages): AsyncGenerator<DeliveredMessage> {
  for await (const message of messages) yield delivered(message);
}

// These end a pull at the server without ending it in the client.
async function endWhenLost(messages: ConsumerMessages): Promise<void> {
  for await (const { type, data } of await messages.status()) {
    if (type === ConsumerEvents.HeartbeatsMissed || String(data).startsWith('409')) messages.stop();
  }
}

function delivered(message: JsMsg): DeliveredMessage {
  const { headers, info, data } = message;
  return {
    reply: withReply.parse(message).reply,
    header: (name) => headers?.get(name) ?? '',
    payload: data,
    sequence: info.streamSequence,
    deliveryCount: info.deliveryCount,
    storedAt: Math.floor(info.timestampNanos / 1_000_000),
  };
}
