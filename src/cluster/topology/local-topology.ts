import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { ActorName, deleteChild, startChild, supervisor, terminateChild } from '../../runtime/index.ts';
import type { ActorRef, ChildSpec, SupervisorMessage } from '../../runtime/index.ts';
import type { AssignedTask, NodeReport } from '../../transport/topology-record.ts';
import type { TopologySpec } from '../../transport/topology-spec.ts';
import type { ComponentFactory, Task } from './component-factory.ts';
import { idOf, LocalTask } from './local-task.ts';
import { againstTheStream } from './topology-check.ts';

/** What a node is to do for a topology. */
export interface Goal {
  readonly version: number;
  readonly spec: TopologySpec;
  /** Its tasks on this node. */
  readonly tasks: readonly AssignedTask[];
  /** Whether spouts take; if not, none of them runs. */
  readonly spouts: boolean;
  /** Whether tasks that do not run are started. */
  readonly starts: boolean;
  /** How long spouts that end may take to finish what they have. */
  readonly drainMs: number;
}

/** What the tasks of a topology on this node work with. */
export interface LocalTopologyOptions {
  /** The incarnation. */
  readonly id: string;
  /** The supervisor of all topologies of this node. */
  readonly parent: ActorRef<SupervisorMessage>;
  readonly factory: ComponentFactory;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when something has changed. */
  readonly onChange: () => void;
  /** Calls `onDown` when an actor ends. */
  readonly monitor: (actor: ActorRef<never>, onDown: () => void) => void;
}

/** Where the child does not say otherwise. */
const taskBackoff = { initialMs: 100, maxMs: 10_000 };
/** With that backoff one task that always crashes does not get there; several end the topology on this node. */
const intensity = { maxRestarts: 10, windowMs: 30_000 };
/** For what does not end when told to. */
const shutdownMs = 10_000;

/**
 * The tasks of one topology on this node, below a supervisor of their own: those that crash too often end all of them here, to
 * be started again after a pause; nobody else is touched.
 *
 * It works towards its goal by itself; a goal that changes counts from the next step on.
 */
export class LocalTopology {
  readonly id: string;
  readonly #options: LocalTopologyOptions;
  readonly #tasks = new Map<string, LocalTask>();
  #goal: Goal;
  /** Tasks that are to be there, in start order, and their ids. */
  #wanted: readonly AssignedTask[] = [];
  #wantedIds: ReadonlySet<string> = new Set();
  #supervisor: ActorRef<SupervisorMessage> | undefined;
  #ending: Promise<unknown> | undefined;
  #working = false;
  #prompted = false;
  #cancelWake: CancelTimer = () => undefined;

  constructor(goal: Goal, options: LocalTopologyOptions) {
    this.id = options.id;
    this.#options = options;
    this.#goal = goal;
    this.aim(goal);
  }

  /** Whether nothing of it is here, nor wanted. */
  get isOver(): boolean {
    const isEmpty = this.#tasks.size === 0 && this.#supervisor === undefined && this.#ending === undefined;
    return isEmpty && !this.#working && this.#goal.tasks.length === 0;
  }

  /** Whether a spout of it is here. */
  get hasSpouts(): boolean {
    return this.#all('spout').length > 0;
  }

  /** What it works towards. */
  get goal(): Goal {
    return this.#goal;
  }

  /** Works towards another goal. */
  aim(goal: Goal): void {
    this.#goal = goal;
    this.#wanted = wantedOf(goal);
    this.#wantedIds = new Set(this.#wanted.map(idOf));
    for (const task of this.#tasks.values())
      if (task.state === 'starting' && !this.#isToStart(task)) this.#limitStart(task);
    this.#prompt();
  }

  /** What the node says of it. */
  report(): NodeReport['topologies'][number] {
    const { version, spec } = this.#goal;
    const tasks = Array.from(this.#tasks.values(), (task) => task.report());
    return { name: spec.name, id: this.id, version, tasks };
  }

  #prompt(): void {
    this.#prompted = true;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#prompted) {
      this.#prompted = false;
      this.#drainSpouts();
      await this.#endTasks();
      await this.#startTasks();
      if (this.#tasks.size === 0 && !(this.#goal.starts && this.#wanted.length > 0)) await this.#endAll();
      this.#options.onChange();
    }
    this.#working = false;
    this.#wakeWhenDue();
    this.#options.onChange();
  }

  #drainSpouts(): void {
    const { factory, log, onChange } = this.#options;
    for (const spout of this.#all('spout')) {
      if (spout.state !== 'running' || this.#isWanted(spout)) continue;
      const paused = Promise.resolve(spout.task).then((task) => factory.pause(task));
      void spout
        .drains(paused)
        .catch((thrown: unknown) => {
          const fault = Fault.from(thrown).toWire();
          log.warn({ task: this.#nameOf(spout), fault }, 'a spout did not finish what it had');
        })
        .then(() => {
          this.#prompt();
        });
      onChange();
    }
  }

  /** Ends what is not wanted: spouts that have finished or have had their time; bolts, when no spout is about to end. */
  async #endTasks(): Promise<void> {
    const now = this.#options.clock.monotonic();
    for (const spout of this.#all('spout')) {
      const isDue = spout.dueAt(this.#goal.drainMs) <= now || this.#isWanted(spout);
      if (spout.state === 'draining' && isDue) await this.#endTask(spout);
    }
    for (const task of this.#tasks.values())
      if (task.state === 'failed' && !this.#isToStart(task)) this.#tasks.delete(task.childId);
    if (this.#all('spout').some(({ state }) => state === 'draining')) return;
    for (const bolt of this.#all('bolt').reverse()) if (!this.#isWanted(bolt)) await this.#endTask(bolt);
  }

  async #endTask(task: LocalTask): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor !== undefined) {
      await attempt(terminateChild(supervisor, task.childId));
      await attempt(deleteChild(supervisor, task.childId));
    }
    this.#tasks.delete(task.childId);
  }

  /** Starts what is wanted, each after all that it feeds. */
  async #startTasks(): Promise<void> {
    await this.#ending;
    for (const wanted of this.#wanted) {
      if (this.#prompted || !this.#goal.starts) return;
      const found = this.#tasks.get(idOf(wanted));
      if (found === undefined) await this.#startTask(this.#newTask(wanted));
      else if (found.state === 'failed' && found.dueAt(0) <= this.#options.clock.monotonic())
        await this.#startTask(found);
    }
  }

  #newTask({ component, index }: AssignedTask): LocalTask {
    const { name, components } = this.#goal.spec;
    const kind = components.find((one) => one.name === component)?.kind ?? 'bolt';
    const taken = [...this.#tasks.values()].filter(({ task }) => task.component === component);
    let place = 0;
    while (taken.some(({ task }) => task.place === place)) place += 1;
    const task = new LocalTask({ topology: name, component, kind, index, place }, this.#options.clock);
    this.#tasks.set(task.childId, task);
    return task;
  }

  async #startTask(task: LocalTask): Promise<void> {
    task.starts();
    this.#options.onChange();
    try {
      const child: ChildSpec = {
        backoff: taskBackoff,
        ...this.#options.factory.child(task.task),
        id: task.childId,
        restart: 'permanent',
      };
      const started = await startChild(await this.#open(), child);
      if (!started.ok) throw started.fault;
      task.runs();
    } catch (thrown) {
      const fault = Fault.from(thrown);
      this.#options.log.warn({ task: this.#nameOf(task), fault: fault.toWire() }, 'a task did not start');
      task.failed(fault);
    }
  }

  /** The supervisor of its tasks. */
  async #open(): Promise<ActorRef<SupervisorMessage>> {
    if (this.#supervisor !== undefined) return this.#supervisor;
    const name = new ActorName<SupervisorMessage>(`topology/${this.#goal.spec.name}`);
    const started = await startChild(this.#options.parent, {
      id: this.#childId,
      start: supervisor({ intensity, children: [] }, { name }),
      restart: 'temporary',
      shutdown: shutdownMs,
    });
    if (!started.ok) throw started.fault;
    const { ref } = started;
    this.#supervisor = ref;
    this.#options.monitor(ref, () => {
      if (this.#supervisor === ref) this.#lost();
    });
    return ref;
  }

  /** Its supervisor has given up. */
  #lost(): void {
    this.#supervisor = undefined;
    const fault = new Fault('TOPOLOGY_DOWN', { name: this.#goal.spec.name });
    for (const task of this.#tasks.values())
      if (task.state === 'draining') this.#tasks.delete(task.childId);
      else if (task.state !== 'failed') task.failed(fault);
    this.#prompt();
  }

  /** Ends its supervisor, and with it whatever is left. */
  async #endAll(): Promise<void> {
    if (this.#supervisor === undefined) return;
    this.#supervisor = undefined;
    this.#ending = attempt(terminateChild(this.#options.parent, this.#childId)).then(() => {
      this.#tasks.clear();
      this.#ending = undefined;
    });
    await this.#ending;
  }

  /** A start that hangs holds up everything of its supervisor: not wanted any more, it has as long as a spout has. */
  #limitStart(task: LocalTask): void {
    this.#options.clock.after(this.#goal.drainMs, () => {
      if (task.state !== 'starting' || this.#isToStart(task)) return;
      void this.#endAll().then(() => {
        this.#prompt();
      });
    });
  }

  #wakeWhenDue(): void {
    this.#cancelWake();
    const { clock } = this.#options;
    const dueAt = Math.min(...Array.from(this.#tasks.values(), (task) => task.dueAt(this.#goal.drainMs)));
    if (dueAt === Infinity) return;
    this.#cancelWake = clock.after(Math.max(0, dueAt - clock.monotonic()), () => {
      this.#prompt();
    });
  }

  #isWanted({ childId }: LocalTask): boolean {
    return this.#wantedIds.has(childId);
  }

  #isToStart(task: LocalTask): boolean {
    return this.#goal.starts && this.#isWanted(task);
  }

  #all(kind: Task['kind']): LocalTask[] {
    return [...this.#tasks.values()].filter(({ task }) => task.kind === kind);
  }

  #nameOf({ childId }: LocalTask): string {
    return `${this.#goal.spec.name}:${childId}`;
  }

  get #childId(): string {
    return `${this.#goal.spec.name}:${this.id}`;
  }
}

function wantedOf({ spec, tasks, spouts }: Goal): readonly AssignedTask[] {
  return againstTheStream(spec.components)
    .filter(({ kind }) => kind === 'bolt' || spouts)
    .flatMap(({ name }) => tasks.filter(({ component }) => component === name));
}

/** Waits for an end; a supervisor that has ended itself has ended its children. */
async function attempt(ended: Promise<unknown>): Promise<void> {
  await ended.catch(() => undefined);
}
