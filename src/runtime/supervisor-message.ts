import type { Fault } from '../base/errors.ts';
import type { ActorRef, Request } from './address.ts';
import type { Child, Plan } from './child.ts';
import type { CompleteChildSpec, Restart } from './child-spec.ts';
import type { ChildType } from './status.ts';
import type { Step } from './supervisor.ts';

/** Why a supervisor did not do what was asked, in OTP's words. */
export type ChildError =
  | 'already_started'
  | 'already_present'
  | 'not_found'
  | 'running'
  | 'restarting'
  | 'temporary'
  | 'start_failed';

/** A request about a child that was not carried out. */
export interface ChildRefusal {
  readonly ok: false;
  readonly error: ChildError;
  readonly fault: Fault;
}

/** A child that runs now, or why not. */
export type StartChildResult<Message> = { readonly ok: true; readonly ref: ActorRef<Message> } | ChildRefusal;

/** A child that was ended or deleted, or why not. */
export type ChildResult = { readonly ok: true } | ChildRefusal;

/** One child as its supervisor sees it; plain data. */
export interface ChildView {
  readonly id: string;
  /** `null` while it does not run. */
  readonly pid: string | null;
  /** Whether a restart is planned. */
  readonly restarting: boolean;
  readonly type: ChildType;
  readonly restart: Restart;
}

/** Children of a supervisor by kind; plain data. */
export interface ChildCounts {
  /** All specs, running or not. */
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** A request about the children of a supervisor; the functions of the same names send it. */
export type ChildRequest =
  | Request<{ readonly type: 'startChild'; readonly spec: CompleteChildSpec }, StartChildResult<never>>
  | Request<{ readonly type: 'restartChild'; readonly id: string }, StartChildResult<never>>
  | Request<{ readonly type: 'terminateChild'; readonly id: string }, ChildResult>
  | Request<{ readonly type: 'renewChild'; readonly id: string }, ChildResult>
  | Request<{ readonly type: 'deleteChild'; readonly id: string }, ChildResult>
  | Request<{ readonly type: 'whichChildren' }, readonly ChildView[]>
  | Request<{ readonly type: 'countChildren' }, ChildCounts>;

/** What a supervisor understands. It sends `carryOut` to itself. */
export type SupervisorMessage =
  | ChildRequest
  | { readonly type: 'carryOut'; readonly step: Step; readonly child: Child; readonly plan: Plan };
