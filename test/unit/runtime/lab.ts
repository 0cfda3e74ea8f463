import { pino } from 'pino';
import { Fault } from '../../../src/base/errors.ts';
import {
  actor,
  ActorName,
  ActorSystem,
  type ActorRef,
  type Behaviour,
  type ChildSpec,
  type ExitReason,
  type ExternalChild,
  type Request,
  type Signal,
  type SupervisorMessage,
  type SupervisorSpec,
  rootName,
} from '../../../src/runtime/index.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

/** What a subject can be told. */
export type SubjectMessage =
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'stop'; readonly reason: ExitReason }
  | { readonly type: 'throw'; readonly thrown: unknown }
  | { readonly type: 'await'; readonly gate: Promise<unknown> }
  | Request<{ readonly type: 'echo'; readonly value: number }, number>;

/** How a subject differs from one that just works. */
export interface SubjectOptions {
  readonly init?: () => unknown;
  readonly terminate?: (reason: ExitReason) => unknown;
  readonly trapExit?: boolean;
  readonly mailboxLimit?: number;
}

/** A system on a simulated clock, with actors that write down what happens to them. */
export class Lab {
  readonly clock = new SimulatedClock();
  readonly journal: string[] = [];
  readonly logged: string[] = [];
  /** Reasons of what was logged. */
  readonly reasons: string[] = [];
  readonly system: ActorSystem;

  constructor() {
    const write = (line: string) => {
      const { msg, reason } = JSON.parse(line) as { msg: string; reason?: string };
      this.logged.push(msg);
      if (reason !== undefined) this.reasons.push(reason);
    };
    const log = pino({ level: 'debug' }, { write });
    this.system = new ActorSystem({ clock: this.clock, log });
  }

  get root(): ActorRef<SupervisorMessage> {
    return this.system.ref(rootName);
  }

  name(id: string): ActorName<SubjectMessage> {
    return new ActorName<SubjectMessage>(id);
  }

  ref(id: string): ActorRef<SubjectMessage> {
    return this.system.ref(this.name(id));
  }

  /** An actor that writes `+id` when it starts, `id:text` for notes and signals, and `-id reason` when it cleans up. */
  subject(id: string, options: SubjectOptions = {}): Behaviour<number, SubjectMessage> {
    const { journal } = this;
    return {
      kind: 'subject',
      trapExit: options.trapExit ?? false,
      ...(options.mailboxLimit !== undefined && { mailboxLimit: options.mailboxLimit }),
      async init() {
        await options.init?.();
        journal.push(`+${id}`);
        return 0;
      },
      receive: (state, message, context) => {
        switch (message.type) {
          case 'note':
            journal.push(`${id}:${message.text}`);
            return state + 1;
          case 'stop':
            context.stop(message.reason);
            return state;
          case 'throw':
            throw message.thrown;
          case 'await':
            return message.gate.then(() => state + 1);
          case 'echo':
            message.reply.ok(message.value);
            return state;
        }
      },
      signal(state, signal) {
        journal.push(`${id}:${signal.type} ${reasonText(signal)}`);
        return state;
      },
      ...(options.terminate !== undefined && {
        terminate: async (_state, reason) => {
          await options.terminate?.(reason);
          journal.push(`-${id} ${textOf(reason)}`);
        },
      }),
    };
  }

  /** A child spec for a subject that is registered under its id. */
  child(id: string, spec: Partial<ChildSpec> = {}, options: SubjectOptions = {}): ChildSpec {
    return { id, start: actor(this.subject(id, options), undefined, { name: this.name(id) }), ...spec };
  }

  async start(spec: SupervisorSpec): Promise<void> {
    const started = await this.system.start(spec);
    if (!started.ok) throw started.fault;
  }

  async spawn(id: string, options: SubjectOptions = {}): Promise<ActorRef<SubjectMessage>> {
    const started = await this.system.spawn(this.subject(id, options), undefined, { name: this.name(id) });
    if (!started.ok) throw started.fault;
    return started.ref;
  }

  /** Tells, and waits until all has happened that needs no time. */
  async tell(id: string, message: SubjectMessage): Promise<void> {
    this.ref(id).cast(message);
    await this.clock.settle();
  }

  async crash(id: string): Promise<void> {
    await this.tell(id, { type: 'throw', thrown: new Error('crash') });
  }

  async kill(id: string): Promise<void> {
    this.system.exit(this.ref(id), 'kill');
    await this.clock.settle();
  }

  /** Pid of a registered process, or `undefined`. */
  pid(id: string): string | undefined {
    return this.system.inspector.list().find(({ name }) => name === id)?.pid;
  }

  isAlive(id: string): boolean {
    return this.pid(id) !== undefined;
  }

  /** What was written since the last time. */
  news(): string[] {
    return this.journal.splice(0);
  }
}

function reasonText(signal: Signal): string {
  return textOf(signal.reason);
}

/** An exit reason on one line. */
export function textOf(reason: ExitReason): string {
  if (reason instanceof Fault) return reason.code;
  return typeof reason === 'string' ? reason : `shutdown(${reason.shutdown})`;
}

/** A promise and its resolver. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** An external child that is moved by hand. */
export class Puppet implements ExternalChild {
  readonly calls: string[] = [];
  readonly exited: Promise<ExitReason>;
  readonly end: (reason: ExitReason) => void;
  readonly fail: (thrown: unknown) => void;

  constructor() {
    let end: (reason: ExitReason) => void = () => undefined;
    let fail: (thrown: unknown) => void = () => undefined;
    this.exited = new Promise((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
    this.end = end;
    this.fail = fail;
  }

  stop(reason: ExitReason, timeoutMs: number): void {
    this.calls.push(`stop ${textOf(reason)} ${String(timeoutMs)}`);
  }

  kill(): void {
    this.calls.push('kill');
  }
}
