import { Fault } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Address } from './address.ts';
import type { Behaviour, SpawnOptions } from './behaviour.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';
import type { Log } from '../base/log.ts';
import type { Registry } from './registry.ts';
import type { RemoteParser, RemotePort } from './remote.ts';
import type { Scheduler } from './scheduler.ts';
import type { StartResult } from './start-result.ts';
import type { Plain } from './snapshot.ts';
import type { ChildType, MailboxReport, Phase, ProcessStatus, TreeNode } from './status.ts';
import type { TraceOptions, TraceReport } from './trace.ts';

/** Counted since the start of the system. */
export interface Counters {
  /** Restarts by supervisors; those of a group count as one. */
  restarts: number;
  /** The child that failed last, and why. */
  lastFailure: string | undefined;
}

/** What all processes of one system share. */
export interface Host {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly scheduler: Scheduler;
  readonly registry: Registry<Process>;
  readonly deadLetters: DeadLetters;
  readonly remote: RemotePort;
  readonly counters: Counters;
  nextPid(): string;
  spawn<State, Message, Argument>(
    behaviour: Behaviour<State, Message, Argument>,
    argument: Argument,
    options: SpawnOptions<Message>,
    spawner?: Process,
  ): Promise<StartResult<Message>>;
}

/** Where a process stands when it starts. */
export interface Placement {
  readonly parent?: Process;
  /** Id in the parent's child specs. */
  readonly child?: string;
  readonly restarts?: number;
}

/** A process that runs, or why it does not. */
export type Started =
  { readonly ok: true; readonly process: Process } | { readonly ok: false; readonly reason: ExitReason };

/** Told once, when a process ends. */
export type ExitWatcher = (reason: ExitReason) => void;

/** Anything that can be supervised, linked and monitored: an actor, or an external child. */
export abstract class Process {
  readonly pid: string;
  readonly placement: Placement;
  readonly startedAt: number;
  protected readonly host: Host;
  readonly #links = new Set<Process>();
  readonly #watchers = new Set<ExitWatcher>();
  readonly #givenName: string | undefined;
  readonly #takesOver: boolean;
  #exit: ExitReason | undefined;

  /** @param takesOver - whether it has its name from {@link takeName} on only, and has it even if it is in use */
  constructor(host: Host, placement: Placement, name: string | undefined, takesOver = false) {
    this.host = host;
    this.placement = placement;
    this.pid = `#${host.nextPid()}`;
    this.#givenName = name;
    this.#takesOver = takesOver;
    this.startedAt = host.clock.now();
  }

  abstract readonly type: ChildType;
  /** Messages it has room for; 0 for one that takes none. */
  abstract readonly mailboxLimit: number;
  /** Checks messages of other nodes; without it, it takes none. */
  readonly remote: RemoteParser | undefined = undefined;
  /** Takes a message; `false` when there is no room for it. */
  abstract accept(message: unknown): boolean;
  /** An exit signal from `from` (by pid), or from outside of any process. */
  abstract exitSignal(reason: ExitSignal, from: Address | undefined): void;
  /** An order to end, which nobody refuses. */
  abstract end(reason: ExitReason, timeoutMs: number): void;
  abstract kill(): void;
  abstract status(): ProcessStatus;
  /** What inspection may see of its state. */
  abstract describe(): Plain;

  /** What waits for it, the first `limit` of messages and of signals. */
  mailbox(_limit: number): MailboxReport {
    this.#refuse();
  }

  /** Takes no more messages until {@link resume}. */
  suspend(): void {
    this.#refuse();
  }

  resume(): void {
    this.#refuse();
  }

  /** Records the messages that it handles. */
  trace(_options: TraceOptions): void {
    this.#refuse();
  }

  /** What was recorded after the entry of this number. */
  traced(_after: number): TraceReport {
    this.#refuse();
  }

  #refuse(): never {
    throw new Fault('REQUEST_INVALID', { reason: `${this.label} is an external child, not an actor` });
  }

  /** The supervision tree from here down, without this process; nothing for a worker. */
  subtree(): Pick<TreeNode, 'strategy' | 'children'> {
    return {};
  }

  /** Why it ended; `undefined` while it lives. */
  get exit(): ExitReason | undefined {
    return this.#exit;
  }

  /** What it is registered under beside its pid. */
  get name(): string | undefined {
    const name = this.#givenName;
    return name !== undefined && this.host.registry.get(name) === this ? name : undefined;
  }

  /** What people call it. */
  get label(): string {
    return this.#givenName ?? this.pid;
  }

  /** This incarnation's address. */
  get address(): Address {
    return { node: this.host.node, name: this.pid };
  }

  link(other: Process): void {
    this.#links.add(other);
    other.#links.add(this);
  }

  unlink(other: Process): void {
    if (other === this.placement.parent || other.placement.parent === this) return;
    this.#detach(other);
  }

  /** Calls back when this process ends; returns how to take that back. */
  watch(watcher: ExitWatcher): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Resolves with the reason when this process has ended. */
  whenExited(): Promise<ExitReason> {
    return new Promise((resolve) => {
      if (this.#exit === undefined) this.#watchers.add(resolve);
      else resolve(this.#exit);
    });
  }

  protected baseStatus(kind: string, phase: Phase): ProcessStatus {
    const { parent, child, restarts } = this.placement;
    return {
      node: this.host.node,
      pid: this.pid,
      name: this.name ?? null,
      child: child ?? null,
      parent: parent?.pid ?? null,
      kind,
      type: this.type,
      phase,
      startedAt: this.startedAt,
      restarts: restarts ?? 0,
      links: this.#links.size,
      watchers: this.#watchers.size,
      mailbox: null,
    };
  }

  /** Whether a signal comes from the parent. */
  protected isParent(from: Address | undefined): boolean {
    const { parent } = this.placement;
    return from !== undefined && parent?.pid === from.name && parent.host.node === from.node;
  }

  /** Registers, links to the parent, and starts; `start` resolves with why it failed, and never rejects. */
  protected async enter(start: () => Promise<ExitReason | undefined>): Promise<Started> {
    const refused = this.#register();
    if (refused !== undefined) return { ok: false, reason: refused };
    const failed = await new Promise<ExitReason | undefined>((resolve) => {
      const unwatch = this.watch(resolve);
      void start().then((outcome) => {
        unwatch();
        resolve(outcome);
      });
    });
    if (failed === undefined) return { ok: true, process: this };
    this.abandon(failed);
    return { ok: false, reason: failed };
  }

  #register(): ExitReason | undefined {
    const { parent } = this.placement;
    if (parent !== undefined && parent.exit !== undefined) return 'noproc';
    const holder = this.host.registry.add(this, this.#takesOver ? undefined : this.#givenName);
    if (holder !== undefined)
      return new Fault('ACTOR_NAME', { name: this.label, reason: `is in use by ${holder.pid}` });
    if (parent !== undefined) this.link(parent);
    return undefined;
  }

  /** Has the name that it takes over from now on; whoever had it goes on without, and has it again if this one ends first. */
  protected takeName(): void {
    if (this.#takesOver && this.#givenName !== undefined) this.host.registry.take(this.#givenName, this);
  }

  /** Has ended before its start was complete: whoever starts it learns that from the result, not by a signal. */
  protected abandon(reason: ExitReason): void {
    const { parent } = this.placement;
    if (parent !== undefined) this.#detach(parent);
    this.leave(reason);
  }

  /** Has ended: gives its name back and tells whoever is linked or watches. */
  protected leave(reason: ExitReason): void {
    if (this.#exit !== undefined) return;
    this.#exit = reason;
    this.host.registry.remove(this, this.#givenName);
    for (const linked of this.#links) {
      linked.#links.delete(this);
      linked.exitSignal(reason, this.address);
    }
    this.#links.clear();
    for (const watcher of this.#watchers) watcher(reason);
    this.#watchers.clear();
  }

  #detach(other: Process): void {
    this.#links.delete(other);
    other.#links.delete(this);
  }
}
