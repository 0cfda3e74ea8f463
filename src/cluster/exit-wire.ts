import { Fault } from '../base/errors.ts';
import type { ExitReason } from '../runtime/index.ts';
import type { WireExit } from '../transport/payloads.ts';

/** Why an actor ended, as it crosses a subject. */
export function wireExit(reason: ExitReason): WireExit {
  return reason instanceof Fault ? { fault: reason.toWire() } : reason;
}

/** The inverse of {@link wireExit}. */
export function exitOf(wire: WireExit): ExitReason {
  return typeof wire === 'object' && 'fault' in wire ? Fault.fromWire(wire.fault) : wire;
}
