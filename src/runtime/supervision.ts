import type { ActorRef } from './address.ts';
import { completeChildSpec, type ChildSpec } from './child-spec.ts';
import type {
  ChildCounts,
  ChildResult,
  ChildView,
  StartChildResult,
  SupervisorMessage,
} from './supervisor-message.ts';

type SupervisorRef = ActorRef<SupervisorMessage>;

// As in OTP these calls wait without limit: a supervisor may be waiting for a child to start or to end.
// All of them throw Fault ACTOR_DOWN when the supervisor is not there.

/**
 * Starts a further child.
 * @throws Fault `REQUEST_INVALID` for a spec that makes no sense
 */
export async function startChild<Message>(
  supervisor: SupervisorRef,
  spec: ChildSpec<Message>,
): Promise<StartChildResult<Message>> {
  const result = await supervisor.call({ type: 'startChild', spec: completeChildSpec(spec) }, 'infinity');
  // The supervisor keeps specs of all kinds; this one's start says what the child understands.
  return result as StartChildResult<Message>;
}

/** Ends a child and keeps its spec, unless it is temporary. It is not restarted. */
export function terminateChild(supervisor: SupervisorRef, id: string): Promise<ChildResult> {
  return supervisor.call({ type: 'terminateChild', id }, 'infinity');
}

/** Starts a child again that has ended or was terminated. */
export function restartChild(supervisor: SupervisorRef, id: string): Promise<StartChildResult<never>> {
  return supervisor.call({ type: 'restartChild', id }, 'infinity');
}

/**
 * Ends a child in order, with those that the strategy ties to it, and starts them again: OTP's `terminate_child` and
 * `restart_child` in one, with nothing in between. It does not count as a restart; a start that fails is tried again.
 */
export function renewChild(supervisor: SupervisorRef, id: string): Promise<ChildResult> {
  return supervisor.call({ type: 'renewChild', id }, 'infinity');
}

/** Forgets the spec of a child that does not run. */
export function deleteChild(supervisor: SupervisorRef, id: string): Promise<ChildResult> {
  return supervisor.call({ type: 'deleteChild', id }, 'infinity');
}

/** All children in start order. */
export function whichChildren(supervisor: SupervisorRef): Promise<readonly ChildView[]> {
  return supervisor.call({ type: 'whichChildren' }, 'infinity');
}

/** How many children there are. */
export function countChildren(supervisor: SupervisorRef): Promise<ChildCounts> {
  return supervisor.call({ type: 'countChildren' }, 'infinity');
}
