import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Behaviour, Context } from '../runtime/index.ts';
import { clusterKeys, type LeaseRecord } from '../transport/cluster-records.ts';
import type { Revised } from '../transport/json-bucket.ts';
import { endLease, renewalPeriodMs } from '../transport/key-lease.ts';
import { LeaseObserver } from '../transport/lease-observer.ts';
import type { Seat } from './admission.ts';
import type { ClusterView, Member } from './cluster-view.ts';
import type { Lead } from './lead.ts';
import { leadershipName, type LeadershipEvent } from './leadership.ts';

/** What the failure detector works with. */
export interface FailureDetectorArgument {
  /** Asked when the actor starts. */
  readonly seat: () => Seat;
  readonly view: ClusterView;
  readonly log: Log;
}

interface FailureDetectorState extends Omit<FailureDetectorArgument, 'seat'> {
  readonly seat: Seat;
  readonly observer: LeaseObserver;
  lead: Lead | undefined;
}

type FailureDetectorMessage = LeadershipEvent | { readonly type: 'look'; readonly lead: Lead };

/**
 * On the node that leads: looks at the leases of all nodes, and writes down who is lost, so that all have one opinion.
 * One reader for all leases, since each node watching each other's would cost messages by the square of their number.
 */
export const failureDetector: Behaviour<
  FailureDetectorState,
  FailureDetectorMessage,
  FailureDetectorArgument
> = {
  kind: 'failure detector',
  init: async (argument, context) => {
    const seat = argument.seat();
    const lead = await context.ref(leadershipName).call({ type: 'subscribe', subscriber: context.self });
    if (lead !== undefined) context.self.cast({ type: 'look', lead });
    return { ...argument, seat, observer: new LeaseObserver(seat.times.clock), lead };
  },
  receive: async (state, message, context) => {
    if (message.type === 'leadership') {
      state.lead = message.lead;
      state.observer.forget();
      if (message.lead !== undefined) context.self.cast({ type: 'look', lead: message.lead });
    } else if (message.lead === state.lead) {
      await look(state, message.lead, context);
    }
    return state;
  },
  describe: ({ lead }) => ({ term: lead?.term ?? null }),
};

async function look(
  state: FailureDetectorState,
  lead: Lead,
  context: Context<FailureDetectorMessage>,
): Promise<void> {
  const { seat, view, log } = state;
  try {
    // Records first: who comes back while leases are read has a newer one by then.
    const { alive } = view;
    const leases = await seat.records.leases.list(clusterKeys.leases);
    for (const member of alive) await judge(state, lead, member, leases.get(clusterKeys.lease(member.name)));
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'the leases of the nodes were not looked at');
  }
  context.after(renewalPeriodMs(seat.times), { type: 'look', lead });
}

/** Ends an expired lease first, so that its holder notices if it lives, then says so in its record unless that is newer. */
async function judge(
  { seat, observer, log }: FailureDetectorState,
  lead: Lead,
  { name, state: _, departure, revision, ...facts }: Member,
  lease: Revised<LeaseRecord> | undefined,
): Promise<void> {
  const { leases, nodes } = seat.records;
  const hasExpired = observer.hasExpired(
    name,
    lease?.revision ?? 0,
    lease?.value.leaseMs ?? seat.times.leaseMs,
  );
  const isHeld = lease === undefined || lease.value.held;
  if (isHeld && !hasExpired) return;
  const endsIt = async (held: Revised<LeaseRecord>) =>
    lead.isCurrent && (await endLease(leases, clusterKeys.lease(name), held));
  if (lease?.value.held === true && !(await endsIt(lease))) return;
  if (!lead.isCurrent) return;
  const left = { how: 'lost' as const, at: Date.now() };
  const leftBefore = departure === undefined ? {} : { leftBefore: departure };
  const record = { ...facts, ...leftBefore, left };
  if ((await nodes.put(clusterKeys.node(name), record, revision)) !== undefined)
    log.warn({ member: name }, 'a node is lost: it was not heard of');
}
