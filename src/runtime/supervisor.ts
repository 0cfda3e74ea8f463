import type { CancelTimer } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import type { ActorRef } from './address.ts';
import { Child, type Plan } from './child.ts';
import { completeChildSpec, type ChildSpec, type CompleteChildSpec } from './child-spec.ts';
import { describeExit, isAbnormal, startFault, type ExitReason } from './exit-reason.ts';
import { LocalRef } from './local-ref.ts';
import type { Host, Process } from './process.ts';
import { defaultIntensity, RestartIntensity, type Intensity } from './restart-intensity.ts';

/** Who is restarted with a child that failed: nobody, all, or those started after it. */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

/** A supervisor and the children it starts with. */
export interface SupervisorSpec {
  /** Default `one_for_one`. */
  readonly strategy?: Strategy;
  /** Default {@link defaultIntensity}. */
  readonly intensity?: Intensity;
  /** In start order; they are ended in reverse. */
  readonly children: readonly ChildSpec[];
}

/** Whether the supervisor goes on, or has to give up. */
export type Verdict = 'ok' | 'shutdown';

/** What is to be done when a plan comes back: count a further restart, or only start after the pause. */
export type Step = 'restart' | 'start';

/** Brings a planned step back to the supervisor, behind the requests that wait in its mailbox. */
export type Schedule = (step: Step, child: Child, plan: Plan, pauseMs: number) => CancelTimer;

/** The children of one supervisor, and what is done when one of them ends: OTP's rules. */
export class Supervisor {
  readonly strategy: Strategy;
  readonly #host: Host;
  readonly #intensity: RestartIntensity;
  #children: readonly Child[];
  #self: Process | undefined;
  #schedule: Schedule = () => () => undefined;

  /** @throws Fault `REQUEST_INVALID` for a spec that makes no sense */
  constructor(host: Host, spec: SupervisorSpec) {
    this.strategy = spec.strategy ?? 'one_for_one';
    this.#host = host;
    this.#intensity = new RestartIntensity(checkIntensity(spec.intensity ?? defaultIntensity));
    this.#children = spec.children.map((child) => new Child(host, completeChildSpec(child)));
    const twice = this.#children.find((child) => this.find(child.spec.id) !== child);
    if (twice !== undefined)
      throw new Fault('REQUEST_INVALID', { reason: `two children have the id ${twice.spec.id}` });
  }

  /** In start order. */
  get children(): readonly Child[] {
    return this.#children;
  }

  find(id: string): Child | undefined {
    return this.#children.find((child) => child.spec.id === id);
  }

  /**
   * Starts the children in order, each when the one before it runs.
   * @throws Fault of the first that does not start, after those before it have been ended
   */
  async startAll(pid: string, schedule: Schedule): Promise<void> {
    this.#self = this.#host.registry.get(pid);
    this.#schedule = schedule;
    const failed = await this.#startEach(this.#children);
    if (failed === undefined) return;
    await this.endAll();
    throw failed.fault;
  }

  /** Ends the children in reverse order. */
  async endAll(): Promise<void> {
    await this.#endEach(this.#children);
  }

  /** Something linked has ended: if it is a child, its restart type decides. */
  async exited(pid: string, reason: ExitReason): Promise<Verdict> {
    const child = this.#children.find(({ process }) => process?.pid === pid);
    if (child === undefined) return 'ok';
    child.ended();
    const { restart } = child.spec;
    if (restart === 'permanent' || isAbnormal(reason)) this.#report('child ended', child, reason);
    if (restart === 'permanent' || (restart === 'transient' && isAbnormal(reason)))
      return this.#restart(child);
    if (restart === 'temporary') this.remove(child);
    return 'ok';
  }

  /** A planned step has come back; it is dropped when something else was done to the child meanwhile. */
  async carryOut(step: Step, child: Child, plan: Plan): Promise<Verdict> {
    if (!child.isDue(plan)) return 'ok';
    if (step === 'restart') return this.#restart(child);
    await this.#startAgain(child);
    return 'ok';
  }

  /** Starts a further child; its spec is kept only if it runs. */
  async startChild(spec: CompleteChildSpec): Promise<ActorRef<never> | Fault> {
    const child = new Child(this.#host, spec);
    const started = await this.restartChild(child);
    if (!(started instanceof Fault)) this.#children = [...this.#children, child];
    return started;
  }

  /** Starts a child that does not run; not counted as a restart. */
  async restartChild(child: Child): Promise<ActorRef<never> | Fault> {
    const failed = await this.#startEach([child]);
    if (failed !== undefined) return failed.fault;
    const { process } = child;
    return process === undefined
      ? startFault(child.spec.id, 'noproc')
      : new LocalRef<never>(this.#host, process.name ?? process.pid);
  }

  /** Ends a child, and calls off its restart. A temporary one is forgotten. */
  async terminateChild(child: Child): Promise<void> {
    await this.#endEach([child]);
  }

  /** Forgets a child that does not run. */
  remove(child: Child): void {
    this.#children = this.#children.filter((other) => other !== child);
  }

  async #restart(child: Child): Promise<Verdict> {
    if (!this.#intensity.add(this.#host.clock.monotonic())) {
      this.#report('too many restarts, so the supervisor ends', child, 'shutdown');
      return 'shutdown';
    }
    const pauseMs = child.nextPauseMs();
    if (pauseMs === 0) {
      await this.#startAgain(child);
    } else {
      await this.#endEach(this.#group(child));
      this.#plan('start', child, pauseMs);
    }
    return 'ok';
  }

  async #startAgain(child: Child): Promise<void> {
    this.#host.counters.restarts += 1;
    await this.renewChild(child);
  }

  /**
   * Ends a child, with those that the strategy ties to it, and starts them again in order; not counted as a restart.
   * A start that fails is tried again as after a failure, which counts.
   */
  async renewChild(child: Child): Promise<Fault | undefined> {
    await this.#endEach(this.#group(child));
    const failed = await this.#startEach(this.#group(child));
    // Tried again from the mailbox, so that whoever wants to end the child or the supervisor has a chance to.
    if (failed !== undefined) this.#plan('restart', failed.child, 0);
    return failed?.fault;
  }

  #plan(step: Step, child: Child, pauseMs: number): void {
    if (this.#gone) return;
    child.planRestart((plan) => this.#schedule(step, child, plan, pauseMs));
  }

  /** Who is ended and started together with this child, in start order. */
  #group(child: Child): readonly Child[] {
    if (this.strategy === 'one_for_one') return [child];
    if (this.strategy === 'one_for_all') return this.#children;
    return this.#children.slice(this.#children.indexOf(child));
  }

  async #startEach(children: readonly Child[]): Promise<{ child: Child; fault: Fault } | undefined> {
    for (const child of children) {
      const self = this.#self;
      if (self === undefined || this.#gone) return undefined;
      const started = await child.start(self);
      if (!started.ok) {
        this.#report('child did not start', child, started.reason);
        return { child, fault: startFault(child.spec.id, started.reason) };
      }
    }
    return undefined;
  }

  async #endEach(children: readonly Child[]): Promise<void> {
    for (const child of children.toReversed()) {
      const reason = await child.shutdown();
      const expected = child.spec.shutdown === 'brutal_kill' || reason === undefined || !isAbnormal(reason);
      if (!expected) this.#report('child ended badly when told to', child, reason);
      if (child.spec.restart === 'temporary') this.remove(child);
    }
  }

  /** A killed supervisor cannot be stopped in the middle of what it awaits: it has to notice. */
  get #gone(): boolean {
    return this.#self?.exit !== undefined;
  }

  #report(message: string, child: Child, reason: ExitReason): void {
    const supervisor = this.#self?.label;
    if (isAbnormal(reason)) this.#host.counters.lastFailure = `${child.spec.id}: ${describeExit(reason)}`;
    this.#host.log.error({ supervisor, child: child.spec.id, reason: describeExit(reason) }, message);
  }
}

function checkIntensity(intensity: Intensity): Intensity {
  if (intensity.maxRestarts >= 0 && intensity.windowMs > 0) return intensity;
  throw new Fault('REQUEST_INVALID', { reason: 'an intensity needs maxRestarts >= 0 and windowMs > 0' });
}
