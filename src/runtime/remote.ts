import { Fault } from '../base/errors.ts';
import type { Address } from './address.ts';
import type { ExitReason } from './exit-reason.ts';

/** The way to actors of other nodes, by name only: a pid does not leave its node. The runtime itself knows no network. */
export interface RemotePort {
  /** Sends; the fault is one that is known at once. What goes wrong later is not heard of. */
  send(to: Address, message: unknown): Fault | undefined;
  /** As `ActorRef.call`; further faults are those of the way. */
  call(to: Address, body: object, timeoutMs: number | 'infinity'): Promise<unknown>;
  /** Calls `onDown` once, later, with `noconnection` if the other's node is lost; the answer takes that back. */
  monitor(to: Address, onDown: (reason: ExitReason) => void): () => void;
}

/** Of a system that is alone. */
export const noPort: RemotePort = {
  send: ({ node }) => unavailable(node),
  call: ({ node }) => Promise.reject(unavailable(node)),
  monitor: (_, onDown) => {
    queueMicrotask(() => {
      onDown('noconnection');
    });
    return () => undefined;
  },
};

/**
 * Checks a message of another node: nothing unchecked reaches an actor.
 * @returns the message, or that of a call without its `reply`
 * @throws anything, if it is none that the actor takes from there
 */
export type RemoteParser = (message: unknown) => object;

function unavailable(node: string): Fault {
  return new Fault('NODE_UNAVAILABLE', { subject: `actors of ${node}` });
}
