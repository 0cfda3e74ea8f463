import { Fault, reasonOf } from '../base/errors.ts';
import type { Address } from './address.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';
import { Process, type Host, type Placement, type Started } from './process.ts';
import { snapshot, stateLimits, type Plain } from './snapshot.ts';
import type { Phase, ProcessStatus } from './status.ts';

/** Something that is no actor but can be supervised like one: a worker thread, a server process. */
export interface ExternalChild {
  /** Asks it to end; after `timeoutMs` (which may be `Infinity`) its supervisor calls {@link kill}. */
  stop(reason: ExitReason, timeoutMs: number): void | Promise<void>;
  /** Ends it, whatever it does. */
  kill(): void | Promise<void>;
  /** Resolves when it has ended, also by itself: its successor starts only then. A rejection counts as a failure. */
  readonly exited: Promise<ExitReason>;
  /** What inspection may see. */
  describe?(): unknown;
}

/** Starts an external child. A start that comes too late for `ending` is killed at once. */
export type StartExternal = (ending: AbortSignal) => ExternalChild | Promise<ExternalChild>;

/** Time to end for a child whose parent failed rather than shut it down, ms. */
const orphanTimeoutMs = 5_000;

/** An external child as the runtime sees it. */
export class External extends Process {
  readonly type = 'worker';
  readonly mailboxLimit = 0;
  readonly #startExternal: StartExternal;
  readonly #ending = new AbortController();
  #handle: ExternalChild | undefined;
  #phase: Phase = 'starting';
  #ordered: ExitReason | undefined;

  constructor(host: Host, placement: Placement, name: string | undefined, start: StartExternal) {
    super(host, placement, name);
    this.#startExternal = start;
  }

  /** Starts the child; resolves when it runs or has failed to. */
  start(): Promise<Started> {
    return this.enter(() => this.#launch());
  }

  async #launch(): Promise<ExitReason | undefined> {
    let handle: ExternalChild;
    try {
      handle = await this.#startExternal(this.#ending.signal);
    } catch (thrown) {
      if (this.exit !== undefined) this.#report(thrown, 'a start that was called off failed');
      return Fault.from(thrown);
    }
    this.#handle = handle;
    handle.exited.then(this.#exited, (thrown: unknown) => {
      this.#exited(Fault.from(thrown));
    });
    if (this.exit !== undefined) {
      this.#killHandle(handle);
      return this.exit;
    }
    this.#phase = 'running';
    return undefined;
  }

  readonly #exited = (reason: ExitReason): void => {
    this.#phase = 'ended';
    // A server that obeys exits normally: that is the shutdown it was told.
    const obeyed = this.#ordered !== undefined && (reason === 'normal' || this.#ordered === 'killed');
    this.leave(obeyed ? (this.#ordered ?? reason) : reason);
    this.#ending.abort();
  };

  accept(): boolean {
    return false;
  }

  exitSignal(reason: ExitSignal, from: Address | undefined): void {
    if (reason === 'kill' || (reason === 'killed' && this.isParent(from))) this.kill();
    else if (reason !== 'normal' || this.isParent(from)) this.#endOrphan(reason);
  }

  end(reason: ExitReason, timeoutMs: number): void {
    if (this.#ordered !== undefined) return;
    this.#ordered = reason;
    this.#phase = 'ending';
    if (this.#handle === undefined) this.#callOff(reason);
    else this.#stopHandle(this.#handle, reason, timeoutMs);
  }

  kill(): void {
    this.#ordered = 'killed';
    this.#phase = 'ending';
    if (this.#handle === undefined) this.#callOff('killed');
    else this.#killHandle(this.#handle);
  }

  #endOrphan(reason: ExitReason): void {
    this.end(reason, orphanTimeoutMs);
    const cancel = this.host.clock.after(orphanTimeoutMs, () => {
      this.kill();
    });
    this.watch(cancel);
  }

  #callOff(reason: ExitReason): void {
    this.abandon(reason);
    this.#phase = 'ended';
    this.#ending.abort();
  }

  #stopHandle(handle: ExternalChild, reason: ExitReason, timeoutMs: number): void {
    attempt(
      () => handle.stop(reason, timeoutMs),
      (thrown) => {
        this.#report(thrown, 'stop failed, so it is killed');
        this.kill();
      },
    );
  }

  #killHandle(handle: ExternalChild): void {
    attempt(
      () => handle.kill(),
      (thrown) => {
        this.#report(thrown, 'kill failed');
      },
    );
  }

  #report(thrown: unknown, message: string): void {
    this.host.log.error({ child: this.placement.child ?? this.label, reason: reasonOf(thrown) }, message);
  }

  override status(): ProcessStatus {
    return this.baseStatus('external', this.#phase);
  }

  override describe(): Plain {
    try {
      return snapshot(this.#handle?.describe?.() ?? null, stateLimits);
    } catch (thrown) {
      return { error: reasonOf(thrown) };
    }
  }
}

function attempt(act: () => void | Promise<void>, failed: (thrown: unknown) => void): void {
  try {
    act()?.catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}
