import type { Lead } from '../src/cluster/lead.ts';
import { leadershipName, type LeadershipEvent } from '../src/cluster/leadership.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import { scheduler, type SchedulerArgument } from './scheduler.ts';

/** What the keeper gives the scheduler of each term. */
export type SchedulerKeeperArgument = Omit<SchedulerArgument, 'lead'>;

interface SchedulerKeeperState {
  readonly argument: SchedulerKeeperArgument;
  running: ActorRef<never> | undefined;
}

/** The keeper of the scheduler. */
export const schedulerKeeperName = new ActorName<LeadershipEvent>('schedules');

/** Has a scheduler run for as long as this node leads. */
export const schedulerKeeper: Behaviour<SchedulerKeeperState, LeadershipEvent, SchedulerKeeperArgument> = {
  kind: 'scheduler-keeper',
  init: async (argument, context) => {
    const lead = await context.ref(leadershipName).call({ type: 'subscribe', subscriber: context.self });
    return await follow({ argument, running: undefined }, lead, context);
  },
  receive: (state, { lead }, context) => follow(state, lead, context),
  describe: ({ running }) => ({ leads: running !== undefined }),
};

/** The scheduler of one term is told to end before that of the next begins. */
async function follow(
  state: SchedulerKeeperState,
  lead: Lead | undefined,
  context: Context<LeadershipEvent>,
): Promise<SchedulerKeeperState> {
  if (state.running !== undefined) context.exit(state.running, 'shutdown');
  state.running = undefined;
  if (lead === undefined) return state;
  const started = await context.spawn(scheduler, { ...state.argument, lead }, { link: true });
  if (!started.ok) throw started.fault;
  state.running = started.ref;
  return state;
}
