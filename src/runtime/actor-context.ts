import type { CancelTimer, Clock } from '../base/clock.ts';
import type { ActorName, ActorRef, Addressed } from './address.ts';
import type { Behaviour, Context, MonitorId, Signal, SpawnOptions } from './behaviour.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';
import { refOf } from './actor-ref.ts';
import { LocalRef } from './local-ref.ts';
import type { Log } from '../base/log.ts';
import type { Host, Process } from './process.ts';
import type { StartResult } from './start-result.ts';

/** The actor behind a context. */
export interface ContextOwner extends Process {
  signal(signal: Signal): void;
  dropSignals(matches: (signal: Signal) => boolean): void;
  stop(reason: ExitReason): void;
}

/** The context of an actor of this node. */
export class ActorContext<Message> implements Context<Message> {
  readonly self: ActorRef<Message>;
  readonly node: string;
  readonly clock: Clock;
  readonly #host: Host;
  readonly #owner: ContextOwner;
  readonly #timers = new Set<CancelTimer>();
  readonly #monitors = new Map<MonitorId, () => void>();
  #lastMonitor: MonitorId = 0;
  #ending: AbortController | undefined;
  #log: Log | undefined;

  constructor(host: Host, owner: ContextOwner) {
    this.self = new LocalRef<Message>(host, owner.pid);
    this.node = host.node;
    this.clock = host.clock;
    this.#host = host;
    this.#owner = owner;
  }

  get log(): Log {
    this.#log ??= this.#host.log.child({ actor: this.#owner.label });
    return this.#log;
  }

  get ending(): AbortSignal {
    this.#ending ??= new AbortController();
    if (this.#owner.exit !== undefined) this.#ending.abort();
    return this.#ending.signal;
  }

  ref<Other>(name: ActorName<Other>, node = this.node): ActorRef<Other> {
    return refOf(this.#host, name, node);
  }

  spawn<State, Other, Argument>(
    behaviour: Behaviour<State, Other, Argument>,
    argument: Argument,
    options: SpawnOptions<Other> = {},
  ): Promise<StartResult<Other>> {
    return this.#host.spawn(behaviour, argument, options, this.#owner);
  }

  after(delayMs: number, message: Message): CancelTimer {
    if (this.#owner.exit !== undefined) return () => undefined;
    const cancelTimer = this.#host.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      this.self.cast(message);
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      cancelTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  stop(reason: ExitReason = 'normal'): void {
    this.#owner.stop(reason);
  }

  link(other: Addressed): void {
    const process = this.#find(other);
    if (process === this.#owner || this.#owner.exit !== undefined) return;
    if (process === undefined) this.#owner.exitSignal('noproc', other.address);
    else this.#owner.link(process);
  }

  unlink(other: Addressed): void {
    const process = this.#find(other);
    if (process !== undefined) this.#owner.unlink(process);
    this.#owner.dropSignals(
      (signal) => signal.type === 'exit' && signal.from?.name === (process?.pid ?? other.address.name),
    );
  }

  monitor(other: Addressed): MonitorId {
    const monitor = ++this.#lastMonitor;
    const { node, name } = other.address;
    const process = this.#find(other);
    const from = { node, name: process?.pid ?? name };
    const down = (reason: ExitReason) => {
      this.#monitors.delete(monitor);
      this.#owner.signal({ type: 'down', monitor, from, reason });
    };
    if (this.#owner.exit !== undefined) return monitor;
    if (node !== this.node) this.#monitors.set(monitor, this.#host.remote.monitor(other.address, down));
    else if (process === undefined) down('noproc');
    else this.#monitors.set(monitor, process.watch(down));
    return monitor;
  }

  demonitor(monitor: MonitorId): void {
    this.#monitors.get(monitor)?.();
    this.#monitors.delete(monitor);
    this.#owner.dropSignals((signal) => signal.type === 'down' && signal.monitor === monitor);
  }

  exit(other: Addressed, reason: ExitSignal): void {
    this.#find(other)?.exitSignal(reason, this.#owner.address);
  }

  /** Lets go of timers and monitors when the actor has ended. */
  close(): void {
    for (const cancel of this.#timers) cancel();
    for (const unwatch of this.#monitors.values()) unwatch();
    this.#monitors.clear();
    this.#ending?.abort();
  }

  #find(other: Addressed): Process | undefined {
    return other.address.node === this.node ? this.#host.registry.get(other.address.name) : undefined;
  }
}
