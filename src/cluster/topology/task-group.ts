import { Fault } from '../../base/errors.ts';
import { ActorName, deleteChild, startChild, supervisor, terminateChild } from '../../runtime/index.ts';
import type { ActorRef, ChildSpec, SupervisorMessage } from '../../runtime/index.ts';

/** What a group of tasks works with. */
export interface TaskGroupOptions {
  /** Unique among the children of `parent`. */
  readonly id: string;
  /** What its supervisor is registered under. */
  readonly name: string;
  /** The supervisor of all topologies of this node. */
  readonly parent: ActorRef<SupervisorMessage>;
  /** Aborted when whoever has the topology ends: nothing is started from then on, since another one is in its place. */
  readonly ending: AbortSignal;
  /** Calls `onDown` when an actor ends. */
  readonly monitor: (actor: ActorRef<never>, onDown: () => void) => void;
  /** Told when its supervisor has given up, and all of its tasks have ended. */
  readonly onLost: () => void;
}

/** With the backoff of tasks, one that always crashes does not get there; several end their group on this node. */
const intensity = { maxRestarts: 10, windowMs: 30_000 };
/** For what does not end when told to. */
const shutdownMs = 10_000;

/** Tasks of one topology below a supervisor of their own, which is there while one of them is. */
export class TaskGroup {
  readonly #options: TaskGroupOptions;
  #supervisor: ActorRef<SupervisorMessage> | undefined;
  /** Under way; two tasks that start at once have one supervisor. */
  #opening: Promise<ActorRef<SupervisorMessage>> | undefined;
  #ending: Promise<unknown> | undefined;

  constructor(options: TaskGroupOptions) {
    this.#options = options;
  }

  /** Whether anything of it is here. */
  get isOpen(): boolean {
    return this.#supervisor !== undefined || this.#opening !== undefined || this.#ending !== undefined;
  }

  /**
   * Starts a task.
   * @throws Fault why it does not start
   */
  async start(child: ChildSpec): Promise<void> {
    const started = await startChild(await this.#open(), child);
    if (!started.ok) throw started.fault;
  }

  /** Ends a task. */
  async end(childId: string): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) return;
    await attempt(terminateChild(supervisor, childId));
    await attempt(deleteChild(supervisor, childId));
  }

  /** Ends its supervisor, and with it whatever is left. */
  async endAll(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    if (this.#supervisor !== undefined) {
      this.#supervisor = undefined;
      const { parent, id } = this.#options;
      this.#ending = attempt(terminateChild(parent, id)).then(() => {
        this.#ending = undefined;
      });
    }
    await this.#ending;
  }

  async #open(): Promise<ActorRef<SupervisorMessage>> {
    if (this.#supervisor !== undefined) return this.#supervisor;
    this.#opening ??= this.#startSupervisor().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #startSupervisor(): Promise<ActorRef<SupervisorMessage>> {
    const { id, name, parent, monitor, onLost, ending } = this.#options;
    // Under way from here on, so that whoever ends the group meanwhile waits for it.
    await this.#ending;
    if (ending.aborted) throw new Fault('CANCELLED', { what: `start of ${name}` });
    const started = await startChild(parent, {
      id,
      start: supervisor({ intensity, children: [] }, { name: new ActorName<SupervisorMessage>(name) }),
      restart: 'temporary',
      shutdown: shutdownMs,
    });
    if (!started.ok) throw started.fault;
    const { ref } = started;
    this.#supervisor = ref;
    monitor(ref, () => {
      if (this.#supervisor !== ref) return;
      this.#supervisor = undefined;
      onLost();
    });
    return ref;
  }
}

/** Waits for an end; a supervisor that has ended itself has ended its children. */
async function attempt(ended: Promise<unknown>): Promise<void> {
  await ended.catch(() => undefined);
}
