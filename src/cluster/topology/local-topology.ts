import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { describeExit, isAbnormal, observed } from '../../runtime/index.ts';
import type { ChildObserver, ExitReason } from '../../runtime/index.ts';
import type { NodeReport } from '../../transport/topology-record.ts';
import type { BundleRef } from '../../transport/topology-spec.ts';
import type { ComponentFactory, Task } from './component-factory.ts';
import { wantedOf, type Goal, type Wanted } from './goal.ts';
import { idOf, LocalTask } from './local-task.ts';
import { groupOf, TaskGroups, type TaskGroupsOptions } from './task-groups.ts';

/** What the tasks of a topology on this node work with. */
export interface LocalTopologyOptions extends Pick<
  TaskGroupsOptions,
  'id' | 'parent' | 'ending' | 'monitor'
> {
  readonly factory: ComponentFactory;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when something has changed. */
  readonly onChange: () => void;
}

/** Where the child does not say otherwise. */
const taskBackoff = { initialMs: 100, maxMs: 10_000 };
/** A start that takes longer has failed, ms. */
const startLimitMs = 60_000;

/**
 * The tasks of one topology on this node. Those that every node knows are below one supervisor, those of each user's bolt, and
 * of each revision of it, below another: tasks that crash too often end all of their group here, to be started again after a
 * pause; nobody else is touched.
 *
 * A bolt that is upgraded has its tasks replaced one by one: the new one runs before the old one ends, and while it does not
 * start the old one goes on. It works towards its goal by itself; a goal that changes counts from the next step on.
 */
export class LocalTopology {
  readonly id: string;
  readonly #options: LocalTopologyOptions;
  readonly #tasks = new Map<string, LocalTask>();
  readonly #groups: TaskGroups;
  #goal: Goal;
  /** Tasks that are to be there, in start order, and by id. */
  #wanted: ReadonlyMap<string, Wanted> = new Map();
  #working = false;
  #prompted = false;
  #cancelWake: CancelTimer = () => undefined;

  constructor(goal: Goal, options: LocalTopologyOptions) {
    this.id = options.id;
    this.#options = options;
    this.#goal = goal;
    const { id, parent, ending, monitor } = options;
    const onLost = (group: string) => {
      this.#lost(group);
    };
    this.#groups = new TaskGroups({ topology: goal.spec.name, id, parent, ending, monitor, onLost });
    this.aim(goal);
  }

  /** Whether nothing of it is here, nor wanted. */
  get isOver(): boolean {
    const isEmpty = this.#tasks.size === 0 && !this.#groups.areOpen;
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
    this.#wanted = new Map(wantedOf(goal).map((task) => [idOf(task), task]));
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

  /** Of the tasks that are here. */
  bundles(): readonly (BundleRef | undefined)[] {
    return Array.from(this.#tasks.values(), ({ task }) => task.runs?.bundle);
  }

  #prompt(): void {
    if (this.#options.ending.aborted) return;
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
      await this.#endGroups();
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
    for (const bolt of this.#all('bolt').reverse())
      if (!this.#isWanted(bolt) && bolt.state !== 'starting' && !this.#awaitsSuccessor(bolt))
        await this.#endTask(bolt);
  }

  async #endTask(task: LocalTask): Promise<void> {
    await this.#groups.of(task.task).end(task.childId);
    this.#tasks.delete(task.childId);
  }

  /** Whether another revision is to take the place of a task, and does not run yet. */
  #awaitsSuccessor({ task }: LocalTask): boolean {
    if (!this.#goal.starts) return false;
    const successor = Array.from(this.#wanted.values()).find(
      ({ component, index }) => component === task.component && index === task.index,
    );
    return successor !== undefined && this.#tasks.get(idOf(successor))?.isUp !== true;
  }

  /** Starts what is wanted, each after all that it feeds; what is a process of a user, nobody waits for. */
  async #startTasks(): Promise<void> {
    for (const [id, wanted] of this.#wanted) {
      if (this.#prompted || !this.#goal.starts || this.#options.ending.aborted) return;
      const found = this.#tasks.get(id);
      const isDue = found?.state === 'failed' && found.dueAt(0) <= this.#options.clock.monotonic();
      if (found !== undefined && !isDue) continue;
      const started = this.#startTask(found ?? this.#newTask(wanted));
      if (wanted.runs === undefined) await started;
      else
        void started.then(() => {
          this.#prompt();
        });
    }
  }

  #newTask(wanted: Wanted): LocalTask {
    const task = new LocalTask({ ...wanted, place: 0 }, this.#options.clock);
    this.#tasks.set(task.childId, task);
    return task;
  }

  /** The first place that no other task of its component has; what has failed has none. */
  #freePlace(task: LocalTask): number {
    const taken = [...this.#tasks.values()].filter(
      (other) => other !== task && other.state !== 'failed' && other.task.component === task.task.component,
    );
    let place = 0;
    while (taken.some((other) => other.task.place === place)) place += 1;
    return place;
  }

  async #startTask(task: LocalTask): Promise<void> {
    const { factory, log, clock, onChange } = this.#options;
    const isStarting = task.starts(this.#freePlace(task));
    onChange();
    const cancelLimit = clock.after(startLimitMs, () => {
      if (isStarting()) void this.#giveUpStart(task);
    });
    try {
      const child = { backoff: taskBackoff, ...factory.child(task.task) };
      const start = observed(child.start, this.#observerOf(task));
      await this.#groups.of(task.task).start({ ...child, start, id: task.childId, restart: 'permanent' });
      if (isStarting()) task.runs();
    } catch (thrown) {
      const fault = Fault.from(thrown);
      log.warn({ task: this.#nameOf(task), fault: fault.toWire() }, 'a task did not start');
      if (isStarting()) task.failed(fault);
    } finally {
      cancelLimit();
    }
  }

  /** What its supervisor sees to is to be seen by everybody. */
  #observerOf(task: LocalTask): ChildObserver {
    return {
      onUp: () => {
        if (task.restarted()) this.#prompt();
      },
      onDown: (reason) => {
        if (isAbnormal(reason) && task.crashed(this.#crashOf(task, reason))) this.#options.onChange();
      },
    };
  }

  #crashOf(task: LocalTask, reason: ExitReason): Fault {
    if (reason instanceof Fault) return reason;
    return new Fault('ACTOR_DOWN', { name: this.#nameOf(task), reason: describeExit(reason) });
  }

  /** A start that hangs holds up everything of its supervisor, which ends. */
  async #giveUpStart(task: LocalTask): Promise<void> {
    const reason = `it was not ready within ${String(startLimitMs)} ms`;
    task.failed(new Fault('ACTOR_START', { name: this.#nameOf(task), reason }));
    await this.#endGroup(groupOf(task.task));
    this.#prompt();
  }

  /** The supervisor of a group has given up, or is about to be ended. */
  #lost(group: string): void {
    const tasks = [...this.#tasks.values()].filter(({ task }) => groupOf(task) === group);
    // Not what was said of the group the last time.
    const crash = tasks.map(({ fault }) => fault).find((fault) => fault && fault.code !== 'TOPOLOGY_DOWN');
    const reason = crash?.message ?? 'their supervisor ended.';
    const fault = new Fault('TOPOLOGY_DOWN', { name: this.#goal.spec.name, reason });
    for (const task of tasks)
      if (task.state === 'draining') this.#tasks.delete(task.childId);
      else if (task.state !== 'failed') task.failed(fault);
    this.#prompt();
  }

  /** Ends the groups that have no task, nor are to have one. */
  async #endGroups(): Promise<void> {
    const wanted = this.#goal.starts ? [...this.#wanted.values()] : [];
    const present = Array.from(this.#tasks.values(), ({ task }) => task);
    const needed = new Set([...wanted, ...present].map(groupOf));
    for (const name of this.#groups.names) if (!needed.has(name)) await this.#endGroup(name);
  }

  /** Ends all tasks of a group. */
  async #endGroup(name: string): Promise<void> {
    this.#lost(name);
    await this.#groups.end(name);
    if (![...this.#tasks.values()].some(({ task }) => groupOf(task) === name)) this.#groups.forget(name);
  }

  /** A start that is not wanted any more has as long as a spout has. */
  #limitStart(task: LocalTask): void {
    this.#options.clock.after(this.#goal.drainMs, () => {
      if (task.state === 'starting' && !this.#isToStart(task)) void this.#giveUpStart(task);
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
    return this.#wanted.has(childId);
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
}
