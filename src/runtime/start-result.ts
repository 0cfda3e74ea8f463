import type { Fault } from '../base/errors.ts';
import type { ActorRef } from './address.ts';
import type { ExitReason } from './exit-reason.ts';

/** An actor that runs, or why it does not. */
export type StartResult<Message> =
  | { readonly ok: true; readonly ref: ActorRef<Message> }
  | { readonly ok: false; readonly reason: ExitReason; readonly fault: Fault };
