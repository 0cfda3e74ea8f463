import type { CancelTimer } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import type { Reply } from './address.ts';
import { describeExit, type ExitReason } from './exit-reason.ts';
import type { Host, Process } from './process.ts';

/** A call that waits for its first answer, its deadline or the end of the one who was asked. */
export class PendingCall {
  readonly reply: Reply<unknown>;
  readonly #host: Host;
  readonly #name: string;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (fault: Fault) => void;
  #unwatch: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;
  #settled = false;

  constructor(host: Host, name: string, resolve: (value: unknown) => void, reject: (fault: Fault) => void) {
    this.#host = host;
    this.#name = name;
    this.#resolve = resolve;
    this.#reject = reject;
    this.reply = {
      ok: (value) => {
        if (this.#settle()) this.#resolve(value);
        else host.deadLetters.addLateReply();
      },
      fail: (fault) => {
        if (this.#settle()) this.#reject(fault);
        else host.deadLetters.addLateReply();
      },
    };
  }

  /** Sends the message, which carries {@link reply}. */
  send(receiver: Process | undefined, message: unknown, timeoutMs: number | 'infinity'): void {
    if (receiver === undefined) {
      this.#fail(downFault(this.#name, 'noproc'));
    } else if (!receiver.accept(message)) {
      this.#fail(fullFault(receiver));
    } else {
      this.#unwatch = receiver.watch((reason) => {
        this.#fail(downFault(this.#name, reason));
      });
      if (timeoutMs !== 'infinity') this.#expireAfter(timeoutMs);
    }
  }

  #expireAfter(timeoutMs: number): void {
    this.#cancelTimer = this.#host.clock.after(timeoutMs, () => {
      this.#fail(new Fault('ACTOR_CALL_TIMEOUT', { name: this.#name, timeoutMs }));
    });
  }

  #fail(fault: Fault): void {
    if (this.#settle()) this.#reject(fault);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#unwatch?.();
    this.#cancelTimer?.();
    return true;
  }
}

/** The receiver is not there, or ended before it answered. */
export function downFault(name: string, reason: ExitReason): Fault {
  return new Fault(
    'ACTOR_DOWN',
    { name, reason: describeExit(reason) },
    reason instanceof Fault ? reason : undefined,
  );
}

/** The receiver has no room. */
export function fullFault(receiver: Process): Fault {
  return new Fault('MAILBOX_FULL', { name: receiver.label, limit: receiver.mailboxLimit });
}
