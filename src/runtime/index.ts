/** The actor runtime: OTP's semantics. */
export { ActorName, defaultCallTimeoutMs } from './address.ts';
export type { ActorRef, Address, Addressed, Reply, ReplyTo, Request, RequestBody } from './address.ts';
export { ActorSystem, rootName, type ActorSystemOptions } from './actor-system.ts';
export type { Backoff } from '../base/backoff.ts';
export { defaultMailboxLimit } from './behaviour.ts';
export type { ActorOptions, Behaviour, Context, MonitorId, Signal, SpawnOptions } from './behaviour.ts';
export { actor, deferred, external, observed } from './child-spec.ts';
export type { ChildObserver, ChildSpec, ChildStart, Restart, Shutdown } from './child-spec.ts';
export type { DeadLetter, DeadLetterReason, DeadLetterReport } from './dead-letters.ts';
export { describeExit, isAbnormal } from './exit-reason.ts';
export type { ExitReason, ExitSignal, ShutdownReason } from './exit-reason.ts';
export type { ExternalChild, StartExternal } from './external.ts';
export type { Inspector } from './inspector.ts';
export { defaultIntensity, type Intensity } from './restart-intensity.ts';
export { snapshot, type Plain, type SnapshotLimits } from './snapshot.ts';
export type { RemoteDoor } from './remote-door.ts';
export type { RemoteParser, RemotePort } from './remote.ts';
export type { StartResult } from './start-result.ts';
export type { ChildType, MailboxReport, MailboxStatus, Phase, ProcessStatus, TreeNode } from './status.ts';
export {
  countChildren,
  deleteChild,
  renewChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from './supervision.ts';
export { supervisor } from './supervisor-actor.ts';
export type {
  ChildCounts,
  ChildError,
  ChildRefusal,
  ChildResult,
  ChildView,
  StartChildResult,
  SupervisorMessage,
} from './supervisor-message.ts';
export type { Strategy, SupervisorSpec } from './supervisor.ts';
export type { TraceEntry, TraceOptions, TraceReport } from './trace.ts';
