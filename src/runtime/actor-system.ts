import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import type { IdSource } from '../base/ids.ts';
import { Actor } from './actor.ts';
import { refOf } from './actor-ref.ts';
import { ActorName, type ActorRef, type Addressed } from './address.ts';
import type { ActorOptions, Behaviour } from './behaviour.ts';
import { DeadLetters, type DeadLetterReport } from './dead-letters.ts';
import { startFault, type ExitReason, type ExitSignal } from './exit-reason.ts';
import { Inspector } from './inspector.ts';
import { LocalRef } from './local-ref.ts';
import { silentLog, type Log } from '../base/log.ts';
import type { Host, Process } from './process.ts';
import { Registry } from './registry.ts';
import { RemoteDoor } from './remote-door.ts';
import { noPort, type RemotePort } from './remote.ts';
import { Scheduler } from './scheduler.ts';
import type { StartResult } from './start-result.ts';
import { renewChild } from './supervision.ts';
import { supervisor } from './supervisor-actor.ts';
import type { SupervisorMessage } from './supervisor-message.ts';
import type { SupervisorSpec } from './supervisor.ts';

/** What an actor system needs. */
export interface ActorSystemOptions {
  readonly clock: Clock;
  /** Name of the node in addresses; default `local`. */
  readonly node?: string;
  /** Default: reports nothing. */
  readonly log?: Log;
  /** Makes pids; default 1, 2, 3 … */
  readonly ids?: IdSource;
  /** The way to other nodes; default: there are none. */
  readonly remote?: RemotePort;
}

/** The name of the root supervisor. */
export const rootName = new ActorName<SupervisorMessage>('root');

/** How long {@link ActorSystem.stop} waits for what was killed, ms. */
const killedTimeoutMs = 1_000;

/** The actors of one node, under one root supervisor. */
export class ActorSystem {
  readonly node: string;
  readonly inspector: Inspector;
  /** For messages of other nodes. */
  readonly door: RemoteDoor;
  /** Resolves when the root supervisor has ended: told to, or because it gave up. */
  readonly ended: Promise<ExitReason>;
  readonly #host: Host;
  #resolveEnded: (reason: ExitReason) => void = () => undefined;

  constructor({
    clock,
    node = 'local',
    log = silentLog,
    ids = counter(),
    remote = noPort,
  }: ActorSystemOptions) {
    this.node = node;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#host = {
      node,
      clock,
      log,
      scheduler: new Scheduler(),
      registry: new Registry<Process>(),
      deadLetters: new DeadLetters(clock),
      remote,
      counters: { restarts: 0, lastFailure: undefined },
      nextPid: ids,
      spawn: (behaviour, argument, { link, ...options }, spawner) =>
        this.#spawn(behaviour, argument, options, link === true ? spawner : undefined),
    };
    this.door = new RemoteDoor(this.#host);
    this.inspector = new Inspector(this.#host.registry, () => this.#root);
  }

  /** Starts the root supervisor, and with it the whole tree; resolves when all of it runs or has failed to. */
  async start(spec: SupervisorSpec): Promise<StartResult<SupervisorMessage>> {
    const started = await supervisor(spec, { name: rootName })
      .start(this.#host, {})
      .catch((thrown: unknown) => ({ ok: false as const, reason: Fault.from(thrown) }));
    if (!started.ok)
      return { ok: false, reason: started.reason, fault: startFault(rootName.name, started.reason) };
    void started.process.whenExited().then(this.#resolveEnded);
    return { ok: true, ref: this.ref(rootName) };
  }

  /**
   * Ends the tree in reverse start order, then whatever runs outside of it; kills what is left after `timeoutMs`.
   * @returns labels of the processes that outlived even that: none, unless an external child cannot be killed
   */
  async stop(timeoutMs: number): Promise<readonly string[]> {
    const { clock, registry } = this.#host;
    const cancelKill = clock.after(timeoutMs, () => {
      for (const process of registry.all()) process.kill();
    });
    let giveUp: () => void = () => undefined;
    const givenUp = new Promise<void>((resolve) => {
      giveUp = clock.after(timeoutMs + killedTimeoutMs, resolve);
    });
    await Promise.race([this.#endAll(timeoutMs), givenUp]);
    cancelKill();
    giveUp();
    return registry.all().map(({ label }) => label);
  }

  async #endAll(timeoutMs: number): Promise<void> {
    const root = this.#root;
    let left = root === undefined ? this.#host.registry.all() : [root];
    while (left.length > 0) {
      const exits = left.map((process) => process.whenExited());
      for (const process of left) process.end('shutdown', timeoutMs);
      await Promise.all(exits);
      left = this.#host.registry.all();
    }
  }

  /** A reference by name, also before such an actor exists; of this node unless another is given. */
  ref<Message>(name: ActorName<Message>, node = this.node): ActorRef<Message> {
    return refOf(this.#host, name, node);
  }

  /** Starts an actor outside of the tree: nobody restarts it, and it ends after the tree. */
  spawn<State, Message, Argument>(
    behaviour: Behaviour<State, Message, Argument>,
    argument: Argument,
    options: ActorOptions<Message> = {},
  ): Promise<StartResult<Message>> {
    return this.#spawn(behaviour, argument, options, undefined);
  }

  async #spawn<State, Message, Argument>(
    behaviour: Behaviour<State, Message, Argument>,
    argument: Argument,
    options: ActorOptions<Message>,
    parent: Process | undefined,
  ): Promise<StartResult<Message>> {
    const placement = parent === undefined ? {} : { parent };
    const actor = new Actor(this.#host, placement, behaviour, argument, options);
    const started = await actor.start();
    return started.ok
      ? { ok: true, ref: new LocalRef<Message>(this.#host, actor.label) }
      : { ok: false, reason: started.reason, fault: startFault(actor.label, started.reason) };
  }

  /** Sends an exit signal from outside of any actor; nothing happens when the other is not there. */
  exit(other: Addressed, reason: ExitSignal): void {
    this.#host.registry.get(other.address.name)?.exitSignal(reason, undefined);
  }

  /**
   * Has its supervisor end a process in order and start it again, see `renewChild`; resolves when it runs.
   * @param target - a registered name or a pid
   * @throws Fault `ACTOR_UNKNOWN`, `REQUEST_INVALID` (nobody could start it again), `ACTOR_START`, `ACTOR_DOWN`
   */
  async restart(target: string): Promise<void> {
    const process = this.#host.registry.get(target);
    if (process === undefined) throw new Fault('ACTOR_UNKNOWN', { name: target });
    const { parent, child } = process.placement;
    if (parent === undefined || child === undefined)
      throw new Fault('REQUEST_INVALID', {
        reason: `${process.label} has no supervisor that would start it again; kill ends it`,
      });
    const result = await renewChild(new LocalRef<SupervisorMessage>(this.#host, parent.pid), child);
    if (!result.ok) throw result.fault;
  }

  /** Resolves with the reason when the other ends; with `noproc` when it is not there. */
  whenDown(other: Addressed): Promise<ExitReason> {
    return this.#host.registry.get(other.address.name)?.whenExited() ?? Promise.resolve('noproc');
  }

  /** Messages and replies that found nobody. */
  deadLetters(): DeadLetterReport {
    return this.#host.deadLetters.report();
  }

  /** Restarts by supervisors since the start; those of a group count as one. */
  get restarts(): number {
    return this.#host.counters.restarts;
  }

  /** The child of a supervisor that failed last, and why: what a supervisor gave up over. */
  get lastFailure(): string | undefined {
    return this.#host.counters.lastFailure;
  }

  get #root(): Process | undefined {
    return this.#host.registry.get(rootName.name);
  }
}

function counter(): IdSource {
  let last = 0;
  return () => {
    last += 1;
    return String(last);
  };
}
