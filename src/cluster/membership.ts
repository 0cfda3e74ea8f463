import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { ActorName } from '../runtime/index.ts';
import type { ActorRef, Behaviour, Context, Request } from '../runtime/index.ts';
import { clusterKeys, type Departure, type NodeRecord } from '../transport/cluster-records.ts';
import type { Revised } from '../transport/json-bucket.ts';
import { renewalPeriodMs } from '../transport/key-lease.ts';
import { clusterProtocol, type Seat } from './admission.ts';
import type { ClusterView, Member, MemberChange } from './cluster-view.ts';
import { isShared } from './store-claim.ts';
import { Subscribers } from './subscribers.ts';

/** What subscribers of the membership are told. */
export type MembershipEvent = { readonly type: 'member' } & MemberChange;

/** What the membership is told. */
export type MembershipMessage =
  /** Be told of changes from now on; answered with the members as they are. */
  | Request<{ readonly type: 'subscribe'; readonly subscriber: ActorRef<MembershipEvent> }, readonly Member[]>
  /** It is time to renew. */
  | { readonly type: 'tick' }
  /** That was done; `other` has the name of this node now. */
  | { readonly type: 'kept'; readonly other: boolean }
  /** A node's record has changed. */
  | { readonly type: 'changed'; readonly name: string; readonly record: Revised<NodeRecord> }
  /** KV is back; what has changed meanwhile may have been missed. */
  | { readonly type: 'reconnected' };

/** The membership of this node. */
export const membershipName = new ActorName<MembershipMessage>('membership');

/** What the membership works with. */
export interface MembershipArgument {
  /** Asked when the actor starts. */
  readonly seat: () => Seat;
  readonly view: ClusterView;
  /** Why this node leaves, asked when it does. */
  readonly farewell: () => Pick<Departure, 'how' | 'why'>;
  /** Another node has taken the name, while this one was not heard of. */
  readonly onExpelled: (fault: Fault) => void;
  readonly log: Log;
}

interface MembershipState extends Omit<MembershipArgument, 'seat'> {
  readonly seat: Seat;
  readonly subscribers: Subscribers<MembershipEvent>;
  readonly forgetConnection: () => void;
  unwatch: () => void;
  isMember: boolean;
  /** A renewal under way. */
  keeping: Promise<void> | undefined;
}

/**
 * Keeps this node a member of its cluster, and knows the others.
 *
 * A node's record changes only when it comes or goes: everybody watches these. The lease that it renews is a key of its
 * own, which the leader alone looks at. While KV is away, everything goes on as it was.
 */
export const membership: Behaviour<MembershipState, MembershipMessage, MembershipArgument> = {
  kind: 'membership',
  init: async (argument, context) => {
    const { view } = argument;
    const seat = argument.seat();
    if ((await seat.lease.step()) !== undefined) throw new Fault('NODE_NAME_TAKEN', { name: seat.self.node });
    view.update(seat.self.node, await announce(seat));
    const forgetConnection = seat.connection.on(({ type }) => {
      if (type === 'reconnected') context.self.cast({ type });
    });
    context.after(renewalPeriodMs(seat.times), { type: 'tick' });
    return {
      ...argument,
      seat,
      subscribers: new Subscribers(),
      forgetConnection,
      unwatch: await watch(seat, context),
      isMember: true,
      keeping: undefined,
    };
  },
  receive: async (state, message, context) => {
    const { seat, view, subscribers } = state;
    switch (message.type) {
      case 'subscribe':
        subscribers.add(message.subscriber, context);
        message.reply.ok(view.members);
        break;
      case 'tick':
        context.after(renewalPeriodMs(seat.times), { type: 'tick' });
        tellIfSilent(state);
        state.keeping ??= keep(state, context);
        break;
      case 'kept':
        state.keeping = undefined;
        tellIfSilent(state);
        if (message.other) state.onExpelled(new Fault('NODE_NAME_TAKEN', { name: seat.self.node }));
        break;
      case 'changed':
        for (const change of view.update(message.name, message.record)) tell(state, change);
        break;
      case 'reconnected':
        await watchAgain(state, context);
        break;
    }
    return state;
  },
  signal: (state, signal) => {
    state.subscribers.heed(signal);
    return state;
  },
  terminate: async (state) => {
    state.forgetConnection();
    state.unwatch();
    await state.keeping;
    await leave(state);
  },
  describe: ({ seat, view, isMember }) => ({
    cluster: seat.cluster,
    isMember,
    alive: view.alive.map(({ name }) => name),
  }),
};

function tell({ subscribers, seat, log }: MembershipState, { change, member }: MemberChange): void {
  const { name, state, departure } = member;
  if (name !== seat.self.node)
    log.info({ member: name, state, departure }, `a node of the cluster: ${change}`);
  subscribers.tell({ type: 'member', change, member });
}

function tellIfSilent(state: MembershipState): void {
  const isMember = state.seat.lease.term !== undefined;
  if (isMember === state.isMember) return;
  state.isMember = isMember;
  if (isMember) state.log.info('this node is heard of again');
  else
    state.log.warn('this node cannot renew its membership; what runs goes on, others may take it for lost');
}

/** Renews the lease, and comes back if others have taken this node for lost. */
async function keep(
  { seat, view, log }: MembershipState,
  context: Context<MembershipMessage>,
): Promise<void> {
  let other = false;
  try {
    if (seat.connection.connected) {
      other = (await seat.lease.step()) !== undefined;
      const own = view.find(seat.self.node);
      const isKnown = own?.state === 'alive' && own.incarnation === seat.self.holder;
      if (!other && !isKnown)
        context.self.cast({ type: 'changed', name: seat.self.node, record: await announce(seat) });
    }
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'the membership was not renewed');
  }
  context.self.cast({ type: 'kept', other });
}

/** Says that this node is there. */
async function announce({ records, self, facts, store }: Seat): Promise<Revised<NodeRecord>> {
  const key = clusterKeys.node(self.node);
  for (;;) {
    const found = await records.nodes.get(key);
    const leftBefore = found?.value.left ?? found?.value.leftBefore;
    const value: NodeRecord = {
      ...facts,
      incarnation: self.holder,
      protocol: clusterProtocol,
      startedAt: Math.round(performance.timeOrigin),
      holdsStore: store.at === 'own',
      ...(isShared(store) ? { sharesStore: true } : {}),
      ...(leftBefore === undefined ? {} : { leftBefore }),
    };
    const revision = await records.nodes.put(key, value, found?.revision ?? 0);
    if (revision !== undefined) return { value, revision };
  }
}

function watch({ records }: Seat, { self }: Context<MembershipMessage>): Promise<() => void> {
  const prefix = clusterKeys.node('');
  return records.nodes.watch(clusterKeys.nodes, (key, record) => {
    self.cast({ type: 'changed', name: key.slice(prefix.length), record });
  });
}

async function watchAgain(state: MembershipState, context: Context<MembershipMessage>): Promise<void> {
  try {
    const unwatch = await watch(state.seat, context);
    state.unwatch();
    state.unwatch = unwatch;
  } catch (error) {
    state.log.debug({ fault: Fault.from(error).toWire() }, 'the members were not looked at again');
    // Gone once more: the next connection brings this message again. Otherwise nobody would.
    if (state.seat.connection.connected)
      context.after(renewalPeriodMs(state.seat.times), { type: 'reconnected' });
  }
}

async function leave({ seat, farewell, log }: MembershipState): Promise<void> {
  if (!seat.connection.connected) return;
  try {
    await noteDeparture(seat, { ...farewell(), at: Date.now() });
    await seat.lease.release();
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'the cluster was not told that this node leaves');
  }
}

/**
 * Writes down how a node left, unless another process has taken its place.
 * @throws Fault `NATS_UNREACHABLE`
 */
export async function noteDeparture(
  { records, self }: Pick<Seat, 'records' | 'self'>,
  left: Departure,
): Promise<void> {
  const key = clusterKeys.node(self.node);
  const found = await records.nodes.get(key);
  if (found?.value.incarnation === self.holder)
    await records.nodes.put(key, { ...found.value, left }, found.revision);
}
