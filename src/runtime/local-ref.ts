import type { Fault } from '../base/errors.ts';
import {
  defaultCallTimeoutMs,
  type ActorRef,
  type Address,
  type ReplyTo,
  type RequestBody,
} from './address.ts';
import { downFault, fullFault, PendingCall } from './pending-call.ts';
import type { Host } from './process.ts';

/** A reference to an actor of this node; finds it anew for each message, so that a name outlives restarts. */
export class LocalRef<Message> implements ActorRef<Message> {
  readonly address: Address;
  readonly #host: Host;

  constructor(host: Host, name: string) {
    this.#host = host;
    this.address = { node: host.node, name };
  }

  cast(message: Message): void {
    const receiver = this.#host.registry.get(this.address.name);
    if (receiver === undefined) this.#host.deadLetters.add(this.address.name, 'noproc', message);
    else if (!receiver.accept(message)) this.#host.deadLetters.add(receiver.label, 'full', message);
  }

  trySend(message: Message): Fault | undefined {
    const receiver = this.#host.registry.get(this.address.name);
    if (receiver === undefined) return downFault(this.address.name, 'noproc');
    return receiver.accept(message) ? undefined : fullFault(receiver);
  }

  call<Body extends RequestBody<Message>>(
    body: Body,
    timeoutMs: number | 'infinity' = defaultCallTimeoutMs,
  ): Promise<ReplyTo<Message, Body>> {
    return new Promise((resolve, reject) => {
      // The compiler cannot see that the receiver's reply to Body has this type; Request<Body, Value> says so.
      const answer = resolve as (value: unknown) => void;
      const call = new PendingCall(this.#host, this.address.name, answer, reject);
      const receiver = this.#host.registry.get(this.address.name);
      call.send(receiver, { ...body, reply: call.reply }, timeoutMs);
    });
  }
}
