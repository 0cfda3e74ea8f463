import { pauseMs } from '../base/backoff.ts';
import type { CancelTimer } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import type { CompleteChildSpec } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Host, Placement, Process, Started } from './process.ts';
import type { TreeNode } from './status.ts';

/** Names one planned restart; a later plan, start or shutdown makes it stale. */
export type Plan = number;

/** One child of a supervisor: its spec, and its process while it has one. */
export class Child {
  readonly spec: CompleteChildSpec;
  readonly #host: Host;
  #process: Process | undefined;
  #starts = 0;
  #runningSince = 0;
  #failuresInARow = 0;
  #lastPlan: Plan = 0;
  #plan: Plan | undefined;
  #cancelPlan: CancelTimer | undefined;

  constructor(host: Host, spec: CompleteChildSpec) {
    this.#host = host;
    this.spec = spec;
  }

  get process(): Process | undefined {
    return this.#process;
  }

  /** Whether a restart is planned. */
  get restarting(): boolean {
    return this.#plan !== undefined;
  }

  /** Starts the child, of which nothing runs or is planned. */
  async start(parent: Process): Promise<Started> {
    const started = await this.#tryStart({ parent, child: this.spec.id, restarts: this.#starts });
    if (started.ok) {
      this.#process = started.process;
      this.#starts += 1;
      this.#runningSince = this.#host.clock.monotonic();
    }
    return started;
  }

  async #tryStart(placement: Placement): Promise<Started> {
    try {
      return await this.spec.start.start(this.#host, placement);
    } catch (thrown) {
      return { ok: false, reason: Fault.from(thrown) };
    }
  }

  /** Ends the child as its spec says; resolves with the reason, or `undefined` when it did not run. */
  async shutdown(): Promise<ExitReason | undefined> {
    this.#callOff();
    const process = this.#process;
    if (process === undefined) return undefined;
    const cancel = this.#order(process);
    const reason = await process.whenExited();
    cancel();
    this.#process = undefined;
    return reason;
  }

  #order(process: Process): CancelTimer {
    const { shutdown } = this.spec;
    if (shutdown === 'brutal_kill') process.kill();
    else process.end('shutdown', shutdown === 'infinity' ? Infinity : shutdown);
    if (typeof shutdown !== 'number') return () => undefined;
    return this.#host.clock.after(shutdown, () => {
      process.kill();
    });
  }

  /** Its process has ended by itself. */
  ended(): void {
    this.#process = undefined;
    const { backoff } = this.spec;
    const ranMs = this.#host.clock.monotonic() - this.#runningSince;
    if (backoff !== undefined && ranMs >= (backoff.resetAfterMs ?? backoff.maxMs)) this.#failuresInARow = 0;
  }

  /** How long its next restart has to wait; grows from call to call. */
  nextPauseMs(): number {
    const { backoff } = this.spec;
    return backoff === undefined ? 0 : pauseMs(backoff, this.#failuresInARow++);
  }

  /** Plans a restart; `schedule` sees to it that the plan comes back. */
  planRestart(schedule: (plan: Plan) => CancelTimer): void {
    this.#callOff();
    this.#plan = ++this.#lastPlan;
    this.#cancelPlan = schedule(this.#plan);
  }

  /** Whether this plan still stands. */
  isDue(plan: Plan): boolean {
    return this.#plan === plan;
  }

  /** Nothing is planned any more. */
  #callOff(): void {
    this.#cancelPlan?.();
    this.#cancelPlan = undefined;
    this.#plan = undefined;
  }

  node(): TreeNode {
    const process = this.#process;
    return {
      id: this.spec.id,
      type: this.spec.type,
      pid: process?.pid ?? null,
      name: process?.name ?? null,
      phase: process?.status().phase ?? (this.restarting ? 'restarting' : 'ended'),
      restarts: Math.max(0, this.#starts - 1),
      ...process?.subtree(),
    };
  }
}
