import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/errors.ts';
import type { FaultCode } from '../../base/errors.ts';
import type { ActorName, ActorRef } from '../../runtime/index.ts';
import { boltOutput, type BoltOutput, type BoltTuple } from '../../transport/bolt-tuple.ts';
import { route, type Target } from '../topology/routing.ts';
import { boltName, type BoltMessage } from './bolt-message.ts';
import { fieldOf } from './bolt-outputs.ts';
import type { BoltPlan, PlacedTask, PlannedBolt } from './bolt-plan.ts';

/** Tuples of one node that a task has at once: one in its process, the next ones at hand. */
const perTask = 4;
/** A task that has failed to take a tuple is passed over for so long, ms. */
const passOverMs = 1_000;
/** How long a tuple waits while no task is there; then another node may have it, ms. */
const patienceMs = 60_000;
/** Beyond what a task takes for all that may be before the tuple, ms. */
const graceMs = 10_000;

/** Faults that a tuple may be the reason of. */
const charged: ReadonlySet<FaultCode> = new Set([
  'BOLT_FAILED',
  'BOLT_DIED',
  'BOLT_DEADLINE',
  'BOLT_FLOODED',
  'BOLT_MEMORY',
]);

/** Whether a fault of {@link BoltCalls.ask} costs the tuple an attempt. */
export function isCharged({ code }: Fault): boolean {
  return charged.has(code);
}

/** What the calls to bolts work with. */
export interface BoltCallsOptions {
  /** Name of this node. */
  readonly node: string;
  readonly ref: (name: ActorName<BoltMessage>, node: string) => ActorRef<BoltMessage>;
  /** As the topology is now. */
  readonly plan: () => BoltPlan | undefined;
  readonly clock: Clock;
}

/** A tuple on its way, and what it is for. */
export interface BoltCall {
  readonly bolt: PlannedBolt;
  readonly tuple: BoltTuple;
  readonly photo: Uint8Array | undefined;
  /** @throws when nobody wants the answer any more */
  readonly check: () => void;
}

/** How a task on some node does, as this node sees it. */
interface Load {
  outstanding: number;
  /** Monotonic. */
  passedOverUntil: number;
}

/** A task that may get a tuple now. */
interface Candidate extends Target, PlacedTask {
  readonly load: Load;
}

/**
 * Calls tasks of users' bolts, wherever they are. A shuffle goes to tasks of this node while one of them is there, so that photos
 * do not cross the network for nothing.
 */
export class BoltCalls {
  readonly #options: BoltCallsOptions;
  readonly #loads = new Map<string, Load>();
  readonly #waiting = new Set<() => void>();
  #turn = 0;

  constructor(options: BoltCallsOptions) {
    this.#options = options;
  }

  /** Tuples with tasks, by task, and those that wait for one. */
  describe() {
    const outstanding = [...this.#loads].flatMap(([task, load]) =>
      load.outstanding > 0 ? [[task, load.outstanding] as const] : [],
    );
    return { outstanding: Object.fromEntries(outstanding), waiting: this.#waiting.size };
  }

  /** Another plan counts from now on: whoever waits looks again. */
  planChanged(): void {
    for (const [task, { outstanding }] of this.#loads) if (outstanding === 0) this.#loads.delete(task);
    this.#wake();
  }

  /** Resolves when a task has finished something, or the plan has changed; after a moment in any case. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const cancel = this.#options.clock.after(passOverMs, look);
      this.#waiting.add(look);
    });
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * Has all tasks process a tuple that are to have it.
   * @returns their outputs, by the number of the task
   * @throws Fault of a bolt, see {@link isCharged}; else `BOLT_AWAY`: its tasks are not there, or the topology has changed
   */
  async ask(call: BoltCall): Promise<readonly BoltOutput[]> {
    const fixed = call.bolt.groupings.filter(({ type }) => type !== 'shuffle');
    if (fixed.length === 0) return [await this.#deliver(call, undefined)];
    const tasks = await this.#whenPlaced(call);
    const routed = { turn: 0, field: (name: string) => fieldOf(call.tuple, name) };
    const targets = tasks.map(({ index }) => ({ index, outstanding: 0 }));
    const indexes = new Set(fixed.flatMap((one) => route(one, targets, routed)).map(({ index }) => index));
    // A shuffle beside them is content with any of these.
    return Promise.all([...indexes].sort((a, b) => a - b).map((index) => this.#deliver(call, index)));
  }

  /** @param index - of the task that is to have it; any without */
  async #deliver(call: BoltCall, index: number | undefined): Promise<BoltOutput> {
    const { clock } = this.#options;
    const patience = new Patience(call.bolt.component, clock);
    for (;;) {
      call.check();
      const candidates = this.#candidates(call.bolt, index);
      const [task] = route({ type: 'shuffle' }, candidates.filter(isFree), this.#routed());
      if (task === undefined) {
        if (candidates.length > 0) patience.restore();
        else patience.check();
        await this.change();
        continue;
      }
      try {
        return await this.#call(call, task);
      } catch (error) {
        const fault = Fault.from(error);
        if (isCharged(fault)) throw fault;
        if (fault.code === 'REQUEST_INVALID') throw unsendable(call.bolt, task, fault);
        task.load.passedOverUntil = clock.monotonic() + passOverMs;
        patience.check(fault);
      }
    }
  }

  async #call({ bolt, tuple, photo }: BoltCall, { index, node, load }: Candidate): Promise<BoltOutput> {
    const { topology, nodes } = this.#plan() ?? { topology: '', nodes: 1 };
    const { reads, deadlineMs } = bolt.program;
    const ref = this.#options.ref(boltName(topology, bolt.component, index), node);
    load.outstanding += 1;
    try {
      const body = { type: 'process' as const, tuple, ...(reads === 'photo' && photo ? { photo } : {}) };
      const answer = await ref.call(body, deadlineMs * (perTask * nodes + 1) + graceMs);
      return checked(bolt, answer);
    } finally {
      load.outstanding -= 1;
      this.#wake();
    }
  }

  /** Tasks that are there, busy or not; for any task those of this node, if there are. */
  #candidates(bolt: PlannedBolt, index: number | undefined): readonly Candidate[] {
    const tasks = this.#tasksOf(bolt).filter((task) => index === undefined || task.index === index);
    if (index !== undefined && tasks.length === 0) throw moved(bolt);
    const now = this.#options.clock.monotonic();
    const present = tasks
      .map((task) => {
        const load = this.#loadOf(bolt, task);
        return { ...task, load, outstanding: load.outstanding };
      })
      .filter(({ load }) => load.passedOverUntil <= now);
    const own = present.filter(({ node }) => node === this.#options.node);
    return own.length > 0 ? own : present;
  }

  /** The tasks that it has now, whatever it had when the tuple set out. */
  #tasksOf({ component }: PlannedBolt): readonly PlacedTask[] {
    const present = this.#plan()?.bolts.find((one) => one.component === component);
    if (present === undefined) throw moved({ component });
    return present.tasks;
  }

  async #whenPlaced({ bolt, check }: BoltCall): Promise<readonly PlacedTask[]> {
    const patience = new Patience(bolt.component, this.#options.clock);
    for (;;) {
      check();
      const tasks = this.#tasksOf(bolt);
      if (tasks.length > 0) return tasks;
      patience.check();
      await this.change();
    }
  }

  #loadOf({ component }: PlannedBolt, { index, node }: PlacedTask): Load {
    const key = `${component}:${String(index)} on ${node}`;
    const load = this.#loads.get(key) ?? { outstanding: 0, passedOverUntil: -Infinity };
    this.#loads.set(key, load);
    return load;
  }

  #routed() {
    this.#turn += 1;
    return { turn: this.#turn, field: () => undefined };
  }

  #plan(): BoltPlan | undefined {
    return this.#options.plan();
  }
}

/** How long a tuple waits for tasks that are not there. */
class Patience {
  readonly #bolt: string;
  readonly #clock: Clock;
  #since: number | undefined;
  #reason = 'none of its tasks runs';

  constructor(bolt: string, clock: Clock) {
    this.#bolt = bolt;
    this.#clock = clock;
  }

  /** A task is there, and has others to do first. */
  restore(): void {
    this.#since = undefined;
  }

  /** None is, or one did not take it. */
  check(fault?: Fault): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (fault !== undefined) this.#reason = fault.message;
    if (now - this.#since < patienceMs) return;
    throw new Fault('BOLT_AWAY', { bolt: this.#bolt, reason: this.#reason }, fault);
  }
}

function isFree({ outstanding }: Candidate): boolean {
  return outstanding < perTask;
}

/** What a task of another node answers, nobody has checked. */
function checked({ component }: PlannedBolt, answer: unknown): BoltOutput {
  const { data, error } = boltOutput.safeParse(answer);
  if (data !== undefined) return data;
  const reason = error.issues[0]?.message ?? 'its output has a wrong shape';
  throw new Fault('BOLT_FAILED', { bolt: component, reason });
}

/** The tuple or the answer to it is too large for a message between nodes: no task is to blame, nor will another one do. */
function unsendable({ component }: PlannedBolt, { node }: PlacedTask, fault: Fault): Fault {
  const reason = `the tuple or its output cannot be sent to or from ${node}: ${fault.message.replace(/\.$/, '')}`;
  return new Fault('BOLT_FAILED', { bolt: component, reason }, fault);
}

function moved({ component }: Pick<PlannedBolt, 'component'>): Fault {
  return new Fault('BOLT_AWAY', { bolt: component, reason: 'the topology has changed' });
}
