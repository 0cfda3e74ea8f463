import type { Clock, CancelTimer } from '../base/clock.ts';
import type { ActorName, ActorRef, Address, Addressed } from './address.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';
import type { Log } from '../base/log.ts';
import type { RemoteParser } from './remote.ts';
import type { StartResult } from './start-result.ts';

/** Names one monitor, as returned by {@link Context.monitor}. */
export type MonitorId = number;

/** What the runtime tells an actor. Signals overtake messages, and a full mailbox does not hold them up. */
export type Signal =
  /** A linked actor ended, or somebody sent an exit signal; only with `trapExit`. */
  | { readonly type: 'exit'; readonly from: Address | undefined; readonly reason: ExitReason }
  /** A monitored actor ended, or was not there (`noproc`). */
  | {
      readonly type: 'down';
      readonly monitor: MonitorId;
      readonly from: Address;
      readonly reason: ExitReason;
    };

/**
 * What an actor does: one message at a time, each giving the next state.
 *
 * While a callback awaits, the actor takes nothing else; inspection still answers, and `kill` still ends it. A callback
 * that throws ends the actor with that fault. A promise cannot be killed: long work should heed {@link Context.ending}.
 */
export interface Behaviour<State, Message, Argument = undefined> {
  /** What kind of actor this is, for inspection. */
  readonly kind: string;
  /** Whether exit signals of linked actors come as {@link Signal} rather than ending this one; default false. */
  readonly trapExit?: boolean;
  /** Messages that may wait; default {@link defaultMailboxLimit}. */
  readonly mailboxLimit?: number;
  /** Makes the first state. Whoever starts the actor waits for it; throwing fails the start. */
  init(argument: Argument, context: Context<Message>): State | Promise<State>;
  receive(state: State, message: Message, context: Context<Message>): State | Promise<State>;
  /** Without it, signals are dropped. */
  signal?(state: State, signal: Signal, context: Context<Message>): State | Promise<State>;
  /**
   * Cleans up. It runs at every end except a kill, after the message at hand is done; unlike in OTP it needs no
   * `trapExit`. An actor with neither is ended in the middle of what it awaits.
   */
  terminate?(state: State, reason: ExitReason): void | Promise<void>;
  /** What inspection may see of the state; without it, a size-limited copy of all of it. */
  describe?(state: State): unknown;
}

/** Messages that wait in a mailbox unless a behaviour says otherwise. */
export const defaultMailboxLimit = 1_024;

/** How an actor is started. */
export interface ActorOptions<Message> {
  /** Registers it; one actor a name. */
  readonly name?: ActorName<Message>;
  /**
   * Whether it is registered when it runs, rather than when it starts, and then in place of whoever has the name, who goes on
   * by its pid, and has the name again if this one ends before it: messages by name reach either of them at any time. Default
   * false.
   */
  readonly takesOver?: boolean;
  /** Overrides {@link Behaviour.mailboxLimit}. */
  readonly mailboxLimit?: number;
  /** Has it take messages of other nodes, those that this lets through; by default it takes none. */
  readonly remote?: RemoteParser;
}

/** How {@link Context.spawn} starts an actor. */
export interface SpawnOptions<Message> extends ActorOptions<Message> {
  /** Links it to the spawner as to a parent, with whom it ends; default false. */
  readonly link?: boolean;
}

/** What a behaviour can do beside computing its next state. */
export interface Context<Message> {
  readonly self: ActorRef<Message>;
  readonly node: string;
  readonly clock: Clock;
  /** Its lines name this actor. */
  readonly log: Log;
  /** Aborted when the actor has ended, for work that would go on otherwise. */
  readonly ending: AbortSignal;
  /** A reference by name, also before such an actor exists; of this node unless another is given. */
  ref<Other>(name: ActorName<Other>, node?: string): ActorRef<Other>;
  /** Starts an actor that nobody supervises. */
  spawn<State, Other, Argument>(
    behaviour: Behaviour<State, Other, Argument>,
    argument: Argument,
    options?: SpawnOptions<Other>,
  ): Promise<StartResult<Other>>;
  /** Sends a message to this actor after `delayMs`; ends with the actor. */
  after(delayMs: number, message: Message): CancelTimer;
  /** Ends this actor after the message at hand; default `normal`. */
  stop(reason?: ExitReason): void;
  /** Both end when one ends abnormally. Nobody there, which is everybody of another node, counts as an exit with `noproc`. */
  link(other: Addressed): void;
  /** Takes a link back, and an exit signal of it that waits. Parent and child stay linked. */
  unlink(other: Addressed): void;
  /** Asks for one `down` signal when the other ends, or its node is lost (`noconnection`). */
  monitor(other: Addressed): MonitorId;
  /** Takes a monitor back, and a `down` signal of it that waits. */
  demonitor(monitor: MonitorId): void;
  /** Sends an exit signal. */
  exit(other: Addressed, reason: ExitSignal): void;
}
