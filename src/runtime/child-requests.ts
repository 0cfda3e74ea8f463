import { Fault } from '../base/errors.ts';
import type { ActorRef } from './address.ts';
import { Child } from './child.ts';
import type { CompleteChildSpec } from './child-spec.ts';
import type { Supervisor } from './supervisor.ts';
import type {
  ChildCounts,
  ChildError,
  ChildRefusal,
  ChildRequest,
  ChildResult,
  ChildView,
  StartChildResult,
} from './supervisor-message.ts';

/** Carries out a request about the children of a supervisor, and answers it. */
export async function answer(state: Supervisor, request: ChildRequest): Promise<void> {
  switch (request.type) {
    case 'startChild':
      request.reply.ok(await startNew(state, request.spec));
      return;
    case 'restartChild':
      request.reply.ok(await startStopped(state, request.id));
      return;
    case 'terminateChild':
      request.reply.ok(await terminate(state, request.id));
      return;
    case 'renewChild':
      request.reply.ok(await renew(state, request.id));
      return;
    case 'deleteChild':
      request.reply.ok(remove(state, request.id));
      return;
    case 'whichChildren':
      request.reply.ok(state.children.map(viewOf));
      return;
    case 'countChildren':
      request.reply.ok(countOf(state.children));
  }
}

async function startNew(state: Supervisor, spec: CompleteChildSpec): Promise<StartChildResult<never>> {
  const present = state.find(spec.id);
  if (present?.process !== undefined) return refuse('already_started', `child ${spec.id} runs already`);
  if (present !== undefined)
    return refuse('already_present', `there is a child ${spec.id} that has ended; restart or delete it`);
  return resultOf(await state.startChild(spec));
}

async function startStopped(state: Supervisor, id: string): Promise<StartChildResult<never>> {
  const child = stopped(state, id);
  return child instanceof Child ? resultOf(await state.restartChild(child)) : child;
}

async function terminate(state: Supervisor, id: string): Promise<ChildResult> {
  const child = state.find(id);
  if (child === undefined) return notFound(id);
  await state.terminateChild(child);
  return { ok: true };
}

async function renew(state: Supervisor, id: string): Promise<ChildResult> {
  const child = state.find(id);
  if (child === undefined) return notFound(id);
  if (child.spec.restart === 'temporary')
    return refuse('temporary', `child ${id} is temporary: its supervisor forgets it when it ends`);
  const fault = await state.renewChild(child);
  return fault === undefined ? { ok: true } : { ok: false, error: 'start_failed', fault };
}

function remove(state: Supervisor, id: string): ChildResult {
  const child = stopped(state, id);
  if (!(child instanceof Child)) return child;
  state.remove(child);
  return { ok: true };
}

/** A child that has ended for good, or why it is not one. */
function stopped(state: Supervisor, id: string): Child | ChildRefusal {
  const child = state.find(id);
  if (child === undefined) return notFound(id);
  if (child.process !== undefined) return refuse('running', `child ${id} runs; terminate it first`);
  if (child.restarting) return refuse('restarting', `child ${id} is restarting; terminate it first`);
  return child;
}

function resultOf(started: ActorRef<never> | Fault): StartChildResult<never> {
  return started instanceof Fault
    ? { ok: false, error: 'start_failed', fault: started }
    : { ok: true, ref: started };
}

function refuse(error: ChildError, reason: string): ChildRefusal {
  return { ok: false, error, fault: new Fault('REQUEST_INVALID', { reason }) };
}

function notFound(id: string): ChildRefusal {
  return { ok: false, error: 'not_found', fault: new Fault('NOT_FOUND', { what: 'child', id }) };
}

/** The child as its supervisor sees it. */
export function viewOf(child: Child): ChildView {
  const { id, type, restart } = child.spec;
  return { id, pid: child.process?.pid ?? null, restarting: child.restarting, type, restart };
}

function countOf(children: readonly Child[]): ChildCounts {
  const supervisors = children.filter(({ spec }) => spec.type === 'supervisor').length;
  return {
    specs: children.length,
    active: children.filter(({ process }) => process !== undefined).length,
    supervisors,
    workers: children.length - supervisors,
  };
}
