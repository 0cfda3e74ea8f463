import type { Fault } from '../base/errors.ts';
import {
  defaultCallTimeoutMs,
  type ActorRef,
  type Address,
  type ReplyTo,
  type RequestBody,
} from './address.ts';
import type { Host } from './process.ts';

/** A reference to an actor of another node. */
export class RemoteRef<Message> implements ActorRef<Message> {
  readonly address: Address;
  readonly #host: Host;

  constructor(host: Host, address: Address) {
    this.#host = host;
    this.address = address;
  }

  cast(message: Message): void {
    const { node, name } = this.address;
    if (this.trySend(message) !== undefined) this.#host.deadLetters.add(`${node}:${name}`, 'noproc', message);
  }

  trySend(message: Message): Fault | undefined {
    return this.#host.remote.send(this.address, message);
  }

  async call<Body extends RequestBody<Message>>(
    body: Body,
    timeoutMs: number | 'infinity' = defaultCallTimeoutMs,
  ): Promise<ReplyTo<Message, Body>> {
    // As it came: whoever does not trust the other node checks it.
    return (await this.#host.remote.call(this.address, body, timeoutMs)) as ReplyTo<Message, Body>;
  }
}
