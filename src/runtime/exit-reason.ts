import { Fault } from '../base/errors.ts';

/**
 * Why an actor ended, in OTP's words.
 *
 * - `normal`: it had nothing left to do
 * - `shutdown`, `{ shutdown }`: it was told to end, or a supervisor gave up; with or without an explanation
 * - `killed`: it was killed and had no say
 * - `noproc`: there was nobody to link to, to monitor or to call
 * - `noconnection`: its node is lost, or cannot be reached
 * - a {@link Fault}: it failed
 */
export type ExitReason =
  'normal' | 'shutdown' | 'killed' | 'noproc' | 'noconnection' | ShutdownReason | Fault;

/** An ordered end that says what led to it. */
export interface ShutdownReason {
  readonly shutdown: string;
}

/** What may be sent as an exit signal: a reason, or `kill`, which nobody can trap. */
export type ExitSignal = ExitReason | 'kill';

/** Whether a `transient` child is restarted after this reason: all but `normal`, `shutdown` and `{ shutdown }`. */
export function isAbnormal(reason: ExitReason): boolean {
  if (reason instanceof Fault) return true;
  return reason === 'killed' || reason === 'noproc' || reason === 'noconnection';
}

/** The reason on one line, for logs and inspection. */
export function describeExit(reason: ExitReason): string {
  if (typeof reason === 'string') return reason;
  if (reason instanceof Fault) return `${reason.code}: ${reason.message}`;
  return `shutdown: ${reason.shutdown}`;
}

/** A failed start as a fault: the one it failed with, or `ACTOR_START`. */
export function startFault(name: string, reason: ExitReason): Fault {
  return reason instanceof Fault ? reason : new Fault('ACTOR_START', { name, reason: describeExit(reason) });
}
