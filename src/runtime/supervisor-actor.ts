import { Actor } from './actor.ts';
import type { ActorOptions, Behaviour, Context } from './behaviour.ts';
import { answer, viewOf } from './child-requests.ts';
import type { ChildStart } from './child-spec.ts';
import type { Host, Placement } from './process.ts';
import type { TreeNode } from './status.ts';
import { Supervisor, type SupervisorSpec, type Verdict } from './supervisor.ts';
import type { SupervisorMessage } from './supervisor-message.ts';

/** A child that is itself a supervisor. */
export function supervisor(
  spec: SupervisorSpec,
  options: ActorOptions<SupervisorMessage> = {},
): ChildStart<SupervisorMessage> {
  return {
    type: 'supervisor',
    start: async (host, placement) =>
      new SupervisorActor(host, placement, new Supervisor(host, spec), options).start(),
  };
}

class SupervisorActor extends Actor<Supervisor, SupervisorMessage, Supervisor> {
  override readonly type = 'supervisor';
  readonly #supervisor: Supervisor;

  constructor(
    host: Host,
    placement: Placement,
    children: Supervisor,
    options: ActorOptions<SupervisorMessage>,
  ) {
    super(host, placement, behaviour, children, options);
    this.#supervisor = children;
  }

  override subtree(): Pick<TreeNode, 'strategy' | 'children'> {
    const { strategy, children } = this.#supervisor;
    return { strategy, children: children.map((child) => child.node()) };
  }
}

const behaviour: Behaviour<Supervisor, SupervisorMessage, Supervisor> = {
  kind: 'supervisor',
  trapExit: true,
  // A planned restart must never be lost to a full mailbox.
  mailboxLimit: Infinity,

  async init(state, context) {
    await state.startAll(context.self.address.name, (step, child, plan, pauseMs) => {
      const message: SupervisorMessage = { type: 'carryOut', step, child, plan };
      if (pauseMs > 0) return context.after(pauseMs, message);
      context.self.cast(message);
      return () => undefined;
    });
    return state;
  },

  async receive(state, message, context) {
    if (message.type !== 'carryOut') await answer(state, message);
    else heed(await state.carryOut(message.step, message.child, message.plan), context);
    return state;
  },

  async signal(state, signal, context) {
    if (signal.type === 'exit' && signal.from !== undefined)
      heed(await state.exited(signal.from.name, signal.reason), context);
    return state;
  },

  terminate: (state) => state.endAll(),

  describe: ({ strategy, children }) => ({ strategy, children: children.map(viewOf) }),
};

function heed(verdict: Verdict, context: Context<SupervisorMessage>): void {
  if (verdict === 'shutdown') context.stop('shutdown');
}
