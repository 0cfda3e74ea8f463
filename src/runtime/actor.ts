import { reasonOf, Fault } from '../base/errors.ts';
import { ActorContext, type ContextOwner } from './actor-context.ts';
import type { Address } from './address.ts';
import { defaultMailboxLimit, type ActorOptions, type Behaviour, type Signal } from './behaviour.ts';
import { describeExit, isAbnormal, type ExitReason, type ExitSignal } from './exit-reason.ts';
import { Process, type Host, type Placement, type Started } from './process.ts';
import { Queue } from './queue.ts';
import type { RemoteParser } from './remote.ts';
import type { Runnable } from './scheduler.ts';
import { messageLimits, snapshot, snapshots, stateLimits, type Plain } from './snapshot.ts';
import type { ChildType, MailboxReport, MailboxStatus, Phase, ProcessStatus } from './status.ts';
import { Trace, type OpenEntry, type TraceOptions, type TraceReport } from './trace.ts';

/** An order to end. A brutal one does not wait for what the actor awaits, and skips `terminate`. */
interface Order {
  readonly reason: ExitReason;
  readonly brutal: boolean;
}

/** What an actor is waiting for in its own callback. */
interface Awaited {
  readonly since: number;
  readonly content: unknown;
}

/** An actor of this node: a behaviour, its state, and what waits for it. */
export class Actor<State, Message, Argument> extends Process implements ContextOwner, Runnable {
  queued = false;
  readonly type: ChildType = 'worker';
  readonly mailboxLimit: number;
  override readonly remote: RemoteParser | undefined;
  readonly #behaviour: Behaviour<State, Message, Argument>;
  readonly #argument: Argument;
  readonly #context: ActorContext<Message>;
  readonly #mailbox = new Queue<Message>();
  readonly #signals = new Queue<Signal>();
  #state!: State;
  #phase: Phase = 'starting';
  #suspended = false;
  #awaited: Awaited | undefined;
  #order: Order | undefined;
  #handled = 0;
  #trace: Trace | undefined;
  #entry: OpenEntry | undefined;

  constructor(
    host: Host,
    placement: Placement,
    behaviour: Behaviour<State, Message, Argument>,
    argument: Argument,
    options: ActorOptions<Message>,
  ) {
    super(host, placement, options.name?.name, options.takesOver);
    this.#behaviour = behaviour;
    this.#argument = argument;
    this.mailboxLimit = options.mailboxLimit ?? behaviour.mailboxLimit ?? defaultMailboxLimit;
    this.remote = options.remote;
    this.#context = new ActorContext<Message>(host, this);
  }

  /** Runs `init`; resolves when the actor runs or has failed to. */
  start(): Promise<Started> {
    return this.enter(() => this.#init());
  }

  async #init(): Promise<ExitReason | undefined> {
    this.#awaited = { since: this.host.clock.monotonic(), content: this.#argument };
    try {
      this.#state = await this.#behaviour.init(this.#argument, this.#context);
    } catch (thrown) {
      this.#reportLate(thrown);
      return Fault.from(thrown);
    }
    if (this.exit !== undefined) return this.exit;
    this.takeName();
    this.#awaited = undefined;
    this.#phase = 'running';
    this.host.scheduler.ready(this);
    return undefined;
  }

  accept(message: unknown): boolean {
    if (this.#mailbox.length >= this.mailboxLimit) return false;
    // Typed by the reference it came through.
    this.#mailbox.push(message as Message);
    if (this.#awaited === undefined) this.host.scheduler.ready(this);
    return true;
  }

  signal(signal: Signal): void {
    this.#signals.push(signal);
    this.host.scheduler.ready(this);
  }

  dropSignals(matches: (signal: Signal) => boolean): void {
    this.#signals.remove(matches);
  }

  exitSignal(reason: ExitSignal, from: Address | undefined): void {
    if (reason === 'kill') this.kill();
    else if (this.isParent(from)) this.#followParent(reason);
    else if (this.#behaviour.trapExit === true) this.signal({ type: 'exit', from, reason });
    else if (reason !== 'normal') this.end(reason);
  }

  // Below a killed parent everything goes at once, so that the parent's successor finds the names free.
  #followParent(reason: ExitReason): void {
    if (reason === 'killed') this.#close(reason);
    else this.end(reason);
  }

  end(reason: ExitReason): void {
    this.#obey({ reason, brutal: !this.#finishesFirst });
  }

  stop(reason: ExitReason): void {
    this.#obey({ reason, brutal: false });
  }

  kill(): void {
    this.#order = { reason: 'killed', brutal: true };
    this.host.scheduler.ready(this);
  }

  // Exits run from the scheduler, so that a long chain of links does not nest.
  #obey(order: Order): void {
    this.#order ??= order;
    this.host.scheduler.ready(this);
  }

  get #finishesFirst(): boolean {
    return this.#behaviour.terminate !== undefined || this.#behaviour.trapExit === true;
  }

  run(limit: number): number {
    let handled = 0;
    while (handled < limit && this.#step()) handled += 1;
    return handled;
  }

  /** Does the next thing, if there is one: orders first, then signals, then messages. */
  #step(): boolean {
    if (this.exit !== undefined) return false;
    const order = this.#order;
    if (order?.brutal === true) return this.#close(order.reason);
    if (this.#awaited !== undefined) return false;
    if (order !== undefined) return this.#terminate(order.reason);
    if (this.#suspended) return false;
    if (this.#signals.length > 0) return this.#react(this.#signals.shift() as Signal);
    if (this.#mailbox.length > 0) return this.#receive(this.#mailbox.shift() as Message);
    return false;
  }

  #receive(message: Message): boolean {
    this.#open('message', message);
    try {
      this.#settle(message, this.#behaviour.receive(this.#state, message, this.#context));
    } catch (thrown) {
      this.#fail(thrown);
    }
    return true;
  }

  #react(signal: Signal): boolean {
    if (this.#behaviour.signal === undefined) return true;
    this.#open('signal', signal);
    try {
      this.#settle(signal, this.#behaviour.signal(this.#state, signal, this.#context));
    } catch (thrown) {
      this.#fail(thrown);
    }
    return true;
  }

  #settle(content: unknown, next: State | Promise<State>): void {
    if (!(next instanceof Promise)) {
      this.#commit(next);
      return;
    }
    this.#awaited = { since: this.host.clock.monotonic(), content };
    next.then(this.#resume, this.#fail);
  }

  readonly #resume = (state: State): void => {
    this.#awaited = undefined;
    this.#commit(state);
    this.host.scheduler.ready(this);
  };

  readonly #fail = (thrown: unknown): void => {
    if (this.exit !== undefined) {
      this.#reportLate(thrown);
      return;
    }
    this.#awaited = undefined;
    if (this.#order?.brutal !== true) this.#order = { reason: Fault.from(thrown), brutal: false };
    this.host.scheduler.ready(this);
  };

  #commit(state: State): void {
    this.#state = state;
    this.#handled += 1;
    if (this.#entry === undefined) return;
    this.#trace?.end(this.#entry);
    this.#entry = undefined;
  }

  #terminate(reason: ExitReason): boolean {
    this.#phase = 'ending';
    const failed = (thrown: unknown) => {
      this.#reportLate(thrown);
      this.#close(Fault.from(thrown));
    };
    try {
      const ended = this.#behaviour.terminate?.(this.#state, reason);
      if (!(ended instanceof Promise)) return this.#close(reason);
      this.#awaited = { since: this.host.clock.monotonic(), content: 'terminate' };
      ended.then(() => this.#close(reason), failed);
    } catch (thrown) {
      failed(thrown);
    }
    return true;
  }

  #close(reason: ExitReason): boolean {
    if (this.exit !== undefined) return true;
    const starting = this.#phase === 'starting';
    this.#phase = 'ended';
    if (starting) this.abandon(reason);
    else this.leave(reason);
    if (!starting) this.#reportEnd(reason);
    this.#context.close();
    this.#trace?.stop();
    for (const message of this.#mailbox) this.host.deadLetters.add(this.label, 'ended', message);
    this.#mailbox.clear();
    this.#signals.clear();
    return true;
  }

  // A supervisor reports the end of its children, and whoever starts an actor learns why it did not start.
  #reportEnd(reason: ExitReason): void {
    if (this.placement.child === undefined && isAbnormal(reason))
      this.host.log.error({ actor: this.label, reason: describeExit(reason) }, 'actor ended');
  }

  #reportLate(thrown: unknown): void {
    if (this.exit !== undefined)
      this.host.log.warn({ actor: this.label, reason: reasonOf(thrown) }, 'an ended actor failed');
  }

  #open(kind: 'message' | 'signal', content: unknown): void {
    if (this.#trace?.active === true) this.#entry = this.#trace.begin(kind, content);
  }

  override status(): ProcessStatus {
    return { ...this.baseStatus(this.#behaviour.kind, this.#currentPhase), mailbox: this.#mailboxStatus() };
  }

  override mailbox(limit: number): MailboxReport {
    return {
      ...this.status(),
      mailbox: this.#mailboxStatus(),
      messages: snapshots(this.#mailbox, limit),
      signals: snapshots(this.#signals, limit),
    };
  }

  get #currentPhase(): Phase {
    return this.#phase === 'running' && this.#suspended ? 'suspended' : this.#phase;
  }

  #mailboxStatus(): MailboxStatus {
    const awaited = this.#awaited;
    return {
      length: this.#mailbox.length,
      limit: Number.isFinite(this.mailboxLimit) ? this.mailboxLimit : null,
      signals: this.#signals.length,
      handled: this.#handled,
      current:
        awaited === undefined
          ? null
          : {
              forMs: this.host.clock.monotonic() - awaited.since,
              content: snapshot(awaited.content, messageLimits),
            },
    };
  }

  override describe(): Plain {
    if (this.#phase === 'starting') return null;
    try {
      const state =
        this.#behaviour.describe === undefined ? this.#state : this.#behaviour.describe(this.#state);
      return snapshot(state, stateLimits);
    } catch (thrown) {
      return { error: reasonOf(thrown) };
    }
  }

  override suspend(): void {
    this.#suspended = true;
  }

  override resume(): void {
    this.#suspended = false;
    this.host.scheduler.ready(this);
  }

  override trace(options: TraceOptions): void {
    this.#trace?.stop();
    this.#trace = new Trace(this.host.clock, options);
  }

  override traced(after: number): TraceReport {
    return this.#trace?.report(after) ?? { active: false, dropped: 0, entries: [] };
  }
}
