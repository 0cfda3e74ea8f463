import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Behaviour } from '../../runtime/index.ts';
import type { TopologyRecord } from '../../transport/topology-record.ts';
import type { DesiredState, TopologyRecords } from '../../transport/topology-records.ts';
import type { Lead } from '../lead.ts';
import { assign, type Assignment } from './assignment.ts';
import { killStep } from './kill-step.ts';
import type { LiveNode, Members } from './live-node.ts';
import { NextLook } from './next-look.ts';

/** What the leader works with. */
export interface NimbusArgument {
  /** Name of this node. */
  readonly node: string;
  /** Of this node; what a leader of a later term has written is left alone. */
  readonly lead: Pick<Lead, 'term' | 'isCurrent'>;
  readonly records: TopologyRecords;
  readonly members: Members;
  readonly log: Log;
}

interface NimbusState extends NimbusArgument {
  readonly unwatch: readonly (() => void)[];
  readonly next: NextLook<'look'>;
}

/** Between two looks that nothing prompted, in case an event was lost, ms. */
const periodMs = 5_000;
/** The same while a topology is being killed: nobody tells when its tasks have ended. */
const killingPeriodMs = 200;

/**
 * Places the tasks of all topologies, while its node leads: whenever a node comes or goes, or an operator changes something.
 * It ends, and its node had better stop leading, when another has led since.
 *
 * Storm's word: its Nimbus does this.
 */
export const nimbus: Behaviour<NimbusState, 'look', NimbusArgument> = {
  kind: 'nimbus',
  init: async (argument, context) => {
    const next = new NextLook(context, 'look');
    const unwatch = [await argument.records.watch(next.prompt), argument.members.watch(next.prompt)];
    next.prompt();
    return { ...argument, unwatch, next };
  },
  receive: async (state, _message, context) => {
    state.next.begin();
    try {
      state.next.within(await look(state));
    } catch (thrown) {
      const fault = Fault.from(thrown);
      state.log.warn(
        { fault: fault.toWire(), term: state.lead.term },
        'the tasks of topologies were not placed',
      );
      if (fault.code === 'TERM_OVER') context.stop();
      state.next.within(periodMs);
    }
    return state;
  },
  terminate: ({ unwatch }) => {
    for (const end of unwatch) end();
  },
  describe: ({ node, lead: { term }, members }) => ({ node, term, live: members.live() }),
};

/** Answers when to look again, ms. */
async function look(state: NimbusState): Promise<number> {
  const live = state.members.live();
  // Whoever does not see itself does not see the others yet either.
  if (!live.some(({ name }) => name === state.node)) return periodMs;
  const desired = await state.records.read();
  if (!state.lead.isCurrent) return periodMs;
  const topologies = [...desired.topologies.values()];
  const killing = topologies.filter((topology) => topology.state === 'killing');
  await placeTasks(state, topologies.filter(isLasting), desired, live);
  if (killing.length === 0) return periodMs;
  await proceed(state, killing, desired, live);
  return killingPeriodMs;
}

async function placeTasks(
  state: NimbusState,
  topologies: readonly TopologyRecord[],
  { assignments }: DesiredState,
  live: readonly LiveNode[],
): Promise<void> {
  const before: Assignment = new Map(
    topologies.map(({ name, id }) => {
      const assignment = assignments.get(name);
      return [name, assignment?.id === id ? assignment.tasks : []];
    }),
  );
  const after = assign(topologies, live, before);
  for (const { name, id, version } of topologies) {
    const tasks = [...(after.get(name) ?? [])];
    const written = assignments.get(name);
    const isSame = written?.id === id && JSON.stringify(written.tasks) === JSON.stringify(tasks);
    // Written as well, so that everybody knows, for another version of the topology, and once a term: an earlier leader that wakes
    // up is refused from then on.
    if (isSame && written.version === version && written.term === state.lead.term) continue;
    await state.records.assign({ topology: name, id, version, term: state.lead.term, tasks });
    if (!isSame)
      state.log.info({ topology: name, tasks: tasks.length }, 'the tasks of a topology were placed');
  }
}

/** Ends killed topologies: their spouts have ended by themselves, then the rest is taken away, then the name. */
async function proceed(
  { records, lead: { term }, log }: NimbusState,
  killing: readonly TopologyRecord[],
  { assignments }: DesiredState,
  live: readonly LiveNode[],
): Promise<void> {
  const reports = await records.reports();
  const nodes = live.map(({ name }) => name);
  for (const topology of killing) {
    const { name, id, version } = topology;
    const step = killStep(topology, assignments.get(name), reports, nodes);
    if (step === 'end') await records.assign({ topology: name, id, version, term, tasks: [] });
    if (step !== 'gone') continue;
    await records.end(topology, term);
    log.info({ topology: name }, 'a topology is gone');
  }
}

function isLasting({ state }: TopologyRecord): boolean {
  return state === 'active' || state === 'inactive';
}
