import { Fault } from '../base/errors.ts';

/** Where an actor is, the same for local and remote ones; plain data. */
export interface Address {
  readonly node: string;
  /** A registered name, or a pid (`#` and a token) for one incarnation only. */
  readonly name: string;
}

/** Anything with an address: what links, monitors and exit signals are aimed at. */
export interface Addressed {
  readonly address: Address;
}

/** The receiver's half of a call. It may be kept and answered later; only the first answer counts. */
export interface Reply<Value> {
  /** Answers the call. */
  readonly ok: (value: Value) => void;
  /** Fails the call; the receiver itself goes on. */
  readonly fail: (fault: Fault) => void;
}

/** A message that is answered: `Request<{ type: 'get' }, number>` is sent with `call({ type: 'get' })`. */
export type Request<Body extends object, Value> = Body & { readonly reply: Reply<Value> };

/** Those messages of a protocol that are answered, as the caller writes them: without their `reply`. */
export type RequestBody<Message> = Message extends { readonly reply: Reply<never> }
  ? Omit<Message, 'reply'>
  : never;

/** What a call with `Body` is answered with. */
export type ReplyTo<Message, Body> = Message extends { readonly reply: Reply<infer Value> }
  ? Body extends Omit<Message, 'reply'>
    ? Value
    : never
  : never;

/** How long a call waits unless told otherwise, as OTP's `gen_server:call`. */
export const defaultCallTimeoutMs = 5_000;

/** A handle to send messages to an actor, wherever it runs. By name it outlives restarts, by pid it doesn't. */
export interface ActorRef<in Message> extends Addressed {
  /**
   * Sends and forgets. Messages of one sender arrive in order. What cannot be delivered (nobody there, mailbox
   * full) is counted as a dead letter.
   */
  cast(message: Message): void;
  /** Sends, and returns the fault that kept the message out: `MAILBOX_FULL` or `ACTOR_DOWN`. */
  trySend(message: Message): Fault | undefined;
  /**
   * Sends and waits for the answer.
   * @param timeoutMs - default {@link defaultCallTimeoutMs}
   * @throws Fault `ACTOR_CALL_TIMEOUT`, `ACTOR_DOWN`, `MAILBOX_FULL`, or what the receiver failed the call with
   */
  call<Body extends RequestBody<Message>>(
    body: Body,
    timeoutMs?: number | 'infinity',
  ): Promise<ReplyTo<Message, Body>>;
}

/** A name to register an actor under, which knows what the actor understands. One constant, shared by all who use it. */
export class ActorName<Message> {
  readonly name: string;
  /** For the compiler only. */
  declare readonly accepts: (message: Message) => void;

  /** @throws Fault `ACTOR_NAME` */
  constructor(name: string) {
    // One token of a subject, and never mistaken for a pid.
    if (!/^[A-Za-z0-9][\w:/-]{0,127}$/.test(name))
      throw new Fault('ACTOR_NAME', { name, reason: 'is not 1 to 128 letters, digits, or - _ : /' });
    this.name = name;
  }
}
