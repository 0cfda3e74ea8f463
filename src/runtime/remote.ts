import { Fault } from '../base/errors.ts';
import type { ActorRef, Address, ReplyTo, RequestBody } from './address.ts';
import { defaultCallTimeoutMs } from './address.ts';
import type { ExitReason } from './exit-reason.ts';
import { LocalRef } from './local-ref.ts';
import { downFault } from './pending-call.ts';
import type { Host } from './process.ts';

/** The way to actors of other nodes, by name only: a pid does not leave its node. The runtime itself knows no network. */
export interface RemotePort {
  /** Sends; the fault is one that is known at once. What goes wrong later is not heard of. */
  send(to: Address, message: unknown): Fault | undefined;
  /** As `ActorRef.call`; further faults are those of the way. */
  call(to: Address, body: object, timeoutMs: number | 'infinity'): Promise<unknown>;
  /** Calls `onDown` once, later, with `noconnection` if the other's node is lost; the answer takes that back. */
  monitor(to: Address, onDown: (reason: ExitReason) => void): () => void;
}

/** Of a system that is alone. */
export const noPort: RemotePort = {
  send: ({ node }) => unavailable(node),
  call: ({ node }) => Promise.reject(unavailable(node)),
  monitor: (_, onDown) => {
    queueMicrotask(() => {
      onDown('noconnection');
    });
    return () => undefined;
  },
};

/**
 * Checks a message of another node: nothing unchecked reaches an actor.
 * @returns the message, or that of a call without its `reply`
 * @throws anything, if it is none that the actor takes from there
 */
export type RemoteParser = (message: unknown) => object;

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

/** What other nodes may do to actors of this one: to those that take messages from there; the others are not there. */
export class RemoteDoor {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Delivers a message; if nobody is there or has room, it is a dead letter here.
   * @throws Fault `REQUEST_INVALID` for one that the actor does not take
   */
  send(name: string, message: unknown): void {
    const parse = this.#parserOf(name);
    if (parse === undefined) this.#host.deadLetters.add(name, 'noproc', message);
    else new LocalRef(this.#host, name).cast(parse(message));
  }

  /**
   * As `ActorRef.call`.
   * @throws Fault `REQUEST_INVALID` for a message that the actor does not take, and those of `ActorRef.call`
   */
  async call(name: string, body: unknown, timeoutMs: number | 'infinity'): Promise<unknown> {
    const parse = this.#parserOf(name);
    if (parse === undefined) throw downFault(name, 'noproc');
    return new LocalRef<never>(this.#host, name).call(parse(body) as never, timeoutMs);
  }

  /** Calls `onExit` when the actor ends, by name or, once that is known, by pid; `undefined` if it is not there. */
  watch(
    key: string,
    onExit: (reason: ExitReason) => void,
  ): { readonly pid: string; readonly unwatch: () => void } | undefined {
    const process = this.#host.registry.get(key);
    return process?.remote === undefined ? undefined : { pid: process.pid, unwatch: process.watch(onExit) };
  }

  #parserOf(name: string): RemoteParser | undefined {
    const process = this.#host.registry.get(name);
    return process?.remote === undefined || process.name !== name ? undefined : checkedBy(process.remote);
  }
}

function checkedBy(parser: RemoteParser): RemoteParser {
  return (message) => {
    try {
      return parser(message);
    } catch (thrown) {
      throw new Fault(
        'REQUEST_INVALID',
        { reason: 'the actor takes no such message of another node' },
        thrown,
      );
    }
  };
}

function unavailable(node: string): Fault {
  return new Fault('NODE_UNAVAILABLE', { subject: `actors of ${node}` });
}
