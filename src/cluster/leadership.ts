import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { ActorName } from '../runtime/index.ts';
import type { ActorRef, Behaviour, Context, Request } from '../runtime/index.ts';
import { clusterKeys } from '../transport/cluster-records.ts';
import { KeyLease, renewalPeriodMs } from '../transport/key-lease.ts';
import type { Seat } from './admission.ts';
import type { ClusterView } from './cluster-view.ts';
import { Lead } from './lead.ts';
import { membershipName, type MembershipEvent } from './membership.ts';
import { Subscribers } from './subscribers.ts';

/** What subscribers of the leadership are told: this node leads from now on, or does not any more. */
export interface LeadershipEvent {
  readonly type: 'leadership';
  readonly lead: Lead | undefined;
}

/** What the leadership is told. */
export type LeadershipMessage =
  /** Be told of changes from now on; answered with what this node has. */
  | Request<{ readonly type: 'subscribe'; readonly subscriber: ActorRef<LeadershipEvent> }, Lead | undefined>
  /** It is time to renew, or to look whether anybody leads. */
  | { readonly type: 'tick' }
  /** That was done. */
  | { readonly type: 'looked' }
  | MembershipEvent;

/** The leadership, as far as this node has to do with it. */
export const leadershipName = new ActorName<LeadershipMessage>('leadership');

/** What the leadership works with. */
export interface LeadershipArgument {
  /** Asked when the actor starts. */
  readonly seat: () => Seat;
  readonly view: ClusterView;
  readonly log: Log;
}

interface LeadershipState extends Omit<LeadershipArgument, 'seat'> {
  readonly seat: Seat;
  readonly lease: KeyLease;
  readonly subscribers: Subscribers<LeadershipEvent>;
  lead: Lead | undefined;
  /** A look under way. */
  looking: Promise<void> | undefined;
}

/** Sees to it that one node leads: this one, if nobody else does. */
export const leadership: Behaviour<LeadershipState, LeadershipMessage, LeadershipArgument> = {
  kind: 'leadership',
  init: async (argument, context) => {
    const seat = argument.seat();
    const { records, self, times } = seat;
    const lease = new KeyLease({ ...times, bucket: records.leases, key: clusterKeys.leader, self });
    await context.ref(membershipName).call({ type: 'subscribe', subscriber: context.self });
    context.after(0, { type: 'tick' });
    return { ...argument, seat, lease, subscribers: new Subscribers(), lead: undefined, looking: undefined };
  },
  receive: (state, message, context) => {
    switch (message.type) {
      case 'subscribe':
        state.subscribers.add(message.subscriber, context);
        message.reply.ok(state.lead);
        break;
      case 'tick':
        context.after(renewalPeriodMs(state.seat.times), { type: 'tick' });
        tellIfChanged(state);
        state.looking ??= look(state, context);
        break;
      case 'looked':
        state.looking = undefined;
        tellIfChanged(state);
        break;
      case 'member':
        // Whoever goes may have been the leader.
        if (message.change !== 'join') state.looking ??= look(state, context);
        break;
    }
    return state;
  },
  signal: (state, signal) => {
    state.subscribers.heed(signal);
    return state;
  },
  terminate: async (state) => {
    await state.looking;
    await resign(state);
  },
  describe: ({ view, lead }) => ({ leader: view.leader, leads: lead?.isCurrent === true }),
};

function tellIfChanged(state: LeadershipState): void {
  const { lease, lead, log, subscribers } = state;
  const { term } = lease;
  if (lead?.term === term) return;
  state.lead = term === undefined ? undefined : new Lead(lease, term);
  if (term === undefined) log.warn({ term: lead?.term }, 'this node does not lead the cluster any more');
  else log.info({ term }, 'this node leads the cluster');
  subscribers.tell({ type: 'leadership', lead: state.lead });
}

async function look(
  { lease, seat, view, log }: LeadershipState,
  context: Context<LeadershipMessage>,
): Promise<void> {
  try {
    if (seat.connection.connected) {
      const other = await lease.step();
      const { term } = lease;
      if (other !== undefined) view.leader = { node: other.value.node, term: other.value.term };
      else if (term !== undefined) view.leader = { node: seat.self.node, term };
    }
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'the leadership was not looked at');
  }
  context.self.cast({ type: 'looked' });
}

async function resign({ lease, seat, log }: LeadershipState): Promise<void> {
  if (!seat.connection.connected) return;
  try {
    await lease.release();
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'the leadership was not given up; it will expire');
  }
}
