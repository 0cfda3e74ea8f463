import { Fault } from '../base/errors.ts';
import { Actor } from './actor.ts';
import type { ActorName } from './address.ts';
import type { Backoff } from '../base/backoff.ts';
import type { ActorOptions, Behaviour } from './behaviour.ts';
import type { ExitReason } from './exit-reason.ts';
import { External, type StartExternal } from './external.ts';
import type { Host, Placement, Started } from './process.ts';
import type { ChildType } from './status.ts';

/**
 * When a child that ended is restarted: always; only after an abnormal exit; never (then its spec goes as well).
 */
export type Restart = 'permanent' | 'transient' | 'temporary';

/** How a child is ended: told, and killed after so many ms; told and waited for; killed. */
export type Shutdown = number | 'infinity' | 'brutal_kill';

/** How a child is started: made by {@link actor}, {@link external} or `supervisor`. */
export interface ChildStart<Message = never> {
  readonly type: ChildType;
  /** For the compiler only: what the child understands. */
  readonly accepts?: (message: Message) => void;
  start(host: Host, placement: Placement): Promise<Started>;
}

/** A child of a supervisor. */
export interface ChildSpec<Message = never> {
  /** Unique among the children of one supervisor. */
  readonly id: string;
  readonly start: ChildStart<Message>;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** Default 5,000 for a worker, `infinity` for a supervisor. */
  readonly shutdown?: Shutdown;
  /** Default as `start` says. */
  readonly type?: ChildType;
  /** Pauses between restarts; default none, as in OTP. */
  readonly backoff?: Backoff;
}

/** A child spec with its defaults. */
export interface CompleteChildSpec extends ChildSpec {
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
}

const defaultShutdownMs = 5_000;

/** A child that is an actor. */
export function actor<State, Message, Argument>(
  behaviour: Behaviour<State, Message, Argument>,
  argument: Argument,
  options: ActorOptions<Message> = {},
): ChildStart<Message> {
  return {
    type: 'worker',
    start: (host, placement) => new Actor(host, placement, behaviour, argument, options).start(),
  };
}

/** A child that is no actor: a worker thread, a server process. Its name is for inspection only. */
export function external(start: StartExternal, options: { name?: ActorName<never> } = {}): ChildStart {
  return {
    type: 'worker',
    start: (host, placement) => new External(host, placement, options.name?.name, start).start(),
  };
}

/** A child that is put together only when it is started, from what the children before it have made. */
export function deferred(type: ChildType, make: () => ChildStart): ChildStart {
  return { type, start: (host, placement) => make().start(host, placement) };
}

/** Told of a child that its supervisor sees to. */
export interface ChildObserver {
  readonly onUp: () => void;
  /** It has ended, or has not started. */
  readonly onDown: (reason: ExitReason) => void;
}

/** A child of which each start and end is told. */
export function observed(child: ChildStart, { onUp, onDown }: ChildObserver): ChildStart {
  const start: ChildStart['start'] = async (host, placement) => {
    const started = await child.start(host, placement);
    if (started.ok) {
      onUp();
      void started.process.whenExited().then(onDown);
    } else onDown(started.reason);
    return started;
  };
  return { type: child.type, start };
}

/**
 * Checks a child spec and fills in its defaults.
 * @throws Fault `REQUEST_INVALID`
 */
export function completeChildSpec(spec: ChildSpec): CompleteChildSpec {
  const type = spec.type ?? spec.start.type;
  const shutdown = spec.shutdown ?? (type === 'supervisor' ? 'infinity' : defaultShutdownMs);
  if (spec.id.length === 0) throw invalid('a child needs an id');
  if (typeof shutdown === 'number' && !(shutdown >= 0))
    throw invalid(`the shutdown of child ${spec.id} is no time`);
  const { backoff } = spec;
  if (backoff !== undefined && !(backoff.initialMs >= 0 && backoff.maxMs >= backoff.initialMs))
    throw invalid(`the backoff of child ${spec.id} has no pause between initialMs and maxMs`);
  return { ...spec, type, shutdown, restart: spec.restart ?? 'permanent' };
}

function invalid(reason: string): Fault {
  return new Fault('REQUEST_INVALID', { reason });
}
