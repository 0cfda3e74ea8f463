import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ActorRef, Behaviour, Context } from '../../runtime/index.ts';
import type { TopologyRecords } from '../../transport/topology-records.ts';
import type { TopologySpec } from '../../transport/topology-spec.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { Lead } from '../lead.ts';
import { leadershipName, type LeadershipEvent } from '../leadership.ts';
import { membershipName, type MembershipEvent } from '../membership.ts';
import type { LiveNode, Members } from './live-node.ts';
import { nimbus } from './nimbus.ts';

/** What the keeper works with. */
export interface NimbusKeeperArgument {
  readonly node: string;
  readonly records: TopologyRecords;
  readonly view: ClusterView;
  /** Deployed by whoever leads, unless the cluster has, or had, one of their name. */
  readonly builtins: readonly TopologySpec[];
  readonly log: Log;
}

interface NimbusKeeperState extends NimbusKeeperArgument {
  readonly context: Context<KeeperMessage>;
  readonly members: ViewedMembers;
  running: ActorRef<never> | undefined;
}

type KeeperMessage = LeadershipEvent | MembershipEvent;

/** Has a nimbus run for as long as this node leads. */
export const nimbusKeeper: Behaviour<NimbusKeeperState, KeeperMessage, NimbusKeeperArgument> = {
  kind: 'nimbus-keeper',
  init: async (argument, context) => {
    const subscriber = context.self;
    await context.ref(membershipName).call({ type: 'subscribe', subscriber });
    const lead = await context.ref(leadershipName).call({ type: 'subscribe', subscriber });
    const members = new ViewedMembers(argument.view);
    return await follow({ ...argument, context, members, running: undefined }, lead);
  },
  receive: (state, message) => {
    if (message.type === 'leadership') return follow(state, message.lead);
    state.members.changed();
    return state.running === undefined ? state : followBuiltins(state);
  },
  describe: ({ running }) => ({ leads: running !== undefined }),
};

/** The nimbus of one term ends before that of the next begins. */
async function follow(state: NimbusKeeperState, lead: Lead | undefined): Promise<NimbusKeeperState> {
  const { context, node, records, members, log } = state;
  if (state.running !== undefined) context.exit(state.running, 'shutdown');
  state.running = undefined;
  if (lead === undefined) return state;
  for (const spec of state.builtins) await records.deployOnce(spec);
  await followBuiltins(state);
  const argument = { node, lead, records, members, log };
  const started = await context.spawn(nimbus, argument, { link: true });
  if (!started.ok) throw started.fault;
  state.running = started.ref;
  return state;
}

/** Brings topologies up to what this Autotag has built in, once all members have that. */
async function followBuiltins(state: NimbusKeeperState): Promise<NimbusKeeperState> {
  const { builtins, records, view, node, log } = state;
  const own = view.alive.find(({ name }) => name === node)?.version;
  if (own === undefined || view.alive.some(({ version }) => version !== own)) return state;
  try {
    for (const spec of builtins) await records.follow(spec);
  } catch (thrown) {
    log.debug({ fault: Fault.from(thrown).toWire() }, 'the built-in topologies were not brought up to date');
  }
  return state;
}

/** The members that this node sees alive. */
class ViewedMembers implements Members {
  readonly #view: ClusterView;
  readonly #listeners = new Set<() => void>();

  constructor(view: ClusterView) {
    this.#view = view;
  }

  live(): readonly LiveNode[] {
    return liveNodes(this.#view);
  }

  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The nodes of a cluster that are alive, as the placing of tasks sees them. */
export function liveNodes({ alive }: ClusterView): readonly LiveNode[] {
  return alive.map(({ name, threads, holdsStore, sharesStore = false, takes }) => {
    return { name, threads, holdsStore: holdsStore || sharesStore, takes };
  });
}
