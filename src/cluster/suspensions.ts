import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Inspector, ProcessStatus } from '../runtime/index.ts';
import type { AuditLog } from './audit-log.ts';

/** What suspensions work with. */
export interface SuspensionsOptions {
  readonly inspector: Inspector;
  readonly clock: Clock;
  readonly audit: AuditLog;
}

/** Suspends actors of this node, each for a time only: one that is forgotten would hold up photos for ever. */
export class Suspensions {
  readonly #options: SuspensionsOptions;
  /** By pid. */
  readonly #ends = new Map<string, CancelTimer>();

  constructor(options: SuspensionsOptions) {
    this.#options = options;
  }

  /**
   * Suspends an actor, by name or pid. After `forMs` it goes on by itself, on record; said again, that time begins anew.
   * @throws Fault `ACTOR_UNKNOWN`, `REQUEST_INVALID` (it is no actor)
   */
  suspend(actor: string, forMs: number): ProcessStatus {
    const { inspector, clock } = this.#options;
    const { pid } = inspector.status(actor);
    inspector.suspend(pid);
    this.#forget(pid);
    const end = () => {
      this.#ends.delete(pid);
      void this.#expire(pid, forMs);
    };
    this.#ends.set(pid, clock.after(forMs, end));
    return inspector.status(pid);
  }

  /**
   * Lets an actor go on.
   * @throws as {@link suspend}
   */
  resume(actor: string): ProcessStatus {
    const { inspector } = this.#options;
    const { pid } = inspector.status(actor);
    inspector.resume(pid);
    this.#forget(pid);
    return inspector.status(pid);
  }

  #forget(pid: string): void {
    this.#ends.get(pid)?.();
    this.#ends.delete(pid);
  }

  /** What was killed or restarted meanwhile has another pid, or none. */
  async #expire(pid: string, forMs: number): Promise<void> {
    const { inspector, audit } = this.#options;
    const found = inspector.list().find((process) => process.pid === pid);
    if (found?.phase !== 'suspended') return;
    const on = { actor: found.name ?? pid, suspendedForMs: forMs };
    await audit.carryOut({ act: 'control.resume', on, by: 'the end of its time' }, () => {
      inspector.resume(pid);
      return Promise.resolve();
    });
  }
}
